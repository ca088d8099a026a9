import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type Channel, type ChannelModel } from 'amqplib'
import { floatValue, isWireFloat, wireJson, type WireValue } from '../../../src/sample/wire-value.js'
import { samplesOf, type MeterMessage } from '../../support/broker-record.js'
import { waitFor } from '../../support/wait-for.js'
import type { ReceivedSample } from './account.js'

/** Takes everything from a queue and acknowledges it, whatever it is; connects again when it is cut off. */
export interface Consumer {
  /** By `message_id`. */
  readonly samples: ReadonlyMap<string, ReceivedSample>
  /** Samples that came once more, the same in everything. */
  readonly repeats: number
  /** The ids of samples that came once more, and were not the same. */
  readonly changed: readonly string[]
  /** Deletes the queue at a moment at which nothing is in it and nobody has anything of it. */
  deleteQueue(): Promise<void>
  /** Waits until the queue is empty. */
  drained(): Promise<void>
  close(): Promise<void>
}

const pauseMs = 200

/** Does not declare the queue: waits until somebody has. */
export function startConsumer(amqpUrl: string, queue: string): Consumer {
  const samples = new Map<string, ReceivedSample>()
  const changed: string[] = []
  let repeats = 0
  let connection: ChannelModel | undefined
  let wanted = true
  let over = false

  const take = (message: MeterMessage): void => {
    const sample = receivedSample(message)
    const known = samples.get(sample.id)
    if (known === undefined) samples.set(sample.id, sample)
    else if (known.digest === sample.digest) repeats += 1
    else changed.push(sample.id)
  }
  const consume = async (model: ChannelModel): Promise<void> => {
    const channel = await model.createChannel()
    const closed = new Promise((resolve) => channel.once('close', resolve))
    channel.on('error', () => undefined)
    await channel.checkQueue(queue)
    await channel.prefetch(100)
    const { consumerTag } = await channel.consume(queue, (message) => {
      if (message === null) return
      for (const sample of samplesOf(message.content)) take(sample)
      channel.ack(message)
    })
    await Promise.race([closed, until(() => !wanted)])
    if (!wanted) await channel.cancel(consumerTag)
    await channel.close()
  }
  const run = async (): Promise<void> => {
    while (!over) {
      await sleep(pauseMs)
      if (!wanted) continue
      connection = await connect(amqpUrl).catch(() => undefined)
      if (connection === undefined) continue
      connection.on('error', () => undefined)
      // Whatever ended it: another connection goes on.
      await consume(connection).catch(() => undefined)
      await connection.close().catch(() => undefined)
      connection = undefined
    }
  }
  const running = run()
  const set = async (on: boolean): Promise<void> => {
    wanted = on
    if (!on) await waitFor('the consumer is disconnected', () => connection === undefined)
  }
  return {
    samples,
    changed,
    get repeats() {
      return repeats
    },
    async deleteQueue() {
      await emptied(amqpUrl, queue)
      await set(false)
      try {
        await onChannel(amqpUrl, (channel) => channel.deleteQueue(queue, { ifEmpty: true, ifUnused: true }))
      } finally {
        await set(true)
      }
    },
    drained: () => emptied(amqpUrl, queue),
    async close() {
      over = true
      wanted = false
      await running
    },
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(pauseMs)
}

/** Empty for a second at a stretch, so that nothing is on its way to it either. */
async function emptied(amqpUrl: string, queue: string): Promise<void> {
  let since = performance.now()
  await waitFor(
    `${queue} is empty`,
    async () => {
      const { messageCount } = await onChannel(amqpUrl, (channel) => channel.checkQueue(queue))
      if (messageCount > 0) since = performance.now()
      return performance.now() - since > 1000
    },
    60,
  )
}

async function onChannel<T>(amqpUrl: string, work: (channel: Channel) => Promise<T>): Promise<T> {
  const model = await connect(amqpUrl)
  model.on('error', () => undefined)
  try {
    const channel = await model.createChannel()
    channel.on('error', () => undefined)
    return await work(channel)
  } finally {
    await model.close().catch(() => undefined)
  }
}

function receivedSample(message: MeterMessage): ReceivedSample {
  const text = (key: string) => message[key] as string
  return {
    id: text('message_id'),
    atMs: Date.parse(`${text('timestamp')}Z`),
    meter: text('counter_name'),
    type: text('counter_type'),
    resource: text('resource_id'),
    volume: numberOf(message['counter_volume'] as WireValue),
    digest: createHash('sha1').update(wireJson(message)).digest('base64'),
  }
}

function numberOf(volume: WireValue): number | bigint {
  return isWireFloat(volume) ? floatValue(volume) : (volume as number | bigint)
}
