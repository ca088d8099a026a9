import { randomUUID } from 'node:crypto'
import { connect } from 'amqplib'
import { parseWireObject } from './wire-parser.js'
import type { WireValue } from '../../src/sample/wire-value.js'

/** A meter message, every number as the wire has it. */
export type MeterMessage = Readonly<Record<string, WireValue>>

/** The broker's own word on what it took: a copy of every notification that an exchange passed on. */
export interface BrokerRecord {
  /** Notifications so far. */
  readonly count: number
  /** Resolves when that many more have come than there are now. Rejects when that takes longer than a minute. */
  more(count: number): Promise<void>
  /** The samples of the notifications from the `since`th on, in the order in which the broker took them. */
  samples(since: number): MeterMessage[]
  close(): Promise<void>
}

const patienceSeconds = 60

/** Copies what comes to an exchange, declared as oslo.messaging does by default, into a queue of its own. */
export async function recordBroker(
  amqpUrl: string,
  { exchange, key }: { readonly exchange: string; readonly key: string },
): Promise<BrokerRecord> {
  const connection = await connect(amqpUrl)
  const channel = await connection.createChannel()
  await channel.assertExchange(exchange, 'topic', { durable: false })
  const { queue } = await channel.assertQueue(`record-${randomUUID()}`, { exclusive: true })
  await channel.bindQueue(queue, exchange, key)
  const bodies: Buffer[] = []
  const waiting = new Map<() => void, number>()
  await channel.consume(
    queue,
    (message) => {
      if (message !== null) bodies.push(message.content)
      for (const [goOn, due] of waiting) if (bodies.length >= due && waiting.delete(goOn)) goOn()
    },
    { noAck: true },
  )
  return {
    get count() {
      return bodies.length
    },
    more: (count) =>
      new Promise((resolve, reject) => {
        const late = () => {
          reject(new Error(`fewer than ${count} more notifications in ${patienceSeconds} s`))
        }
        const timer = setTimeout(late, patienceSeconds * 1000)
        const goOn = () => {
          clearTimeout(timer)
          resolve()
        }
        waiting.set(goOn, bodies.length + count)
      }),
    samples: (since) => bodies.slice(since).flatMap(samplesOf),
    async close() {
      await connection.close()
    },
  }
}

/** Those in the body of a notification of version 2. */
export function samplesOf(body: Buffer): MeterMessage[] {
  const message = parseWireObject(parseWireObject(body.toString())['oslo.message'] as string)
  return (message['payload'] as { readonly samples: MeterMessage[] }).samples
}
