import { execFile } from 'node:child_process'
import { connect, type ChannelModel, type Channel, type GetMessage, type Options } from 'amqplib'
import { randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import { AgentError, type DestinationError } from '../../src/errors.js'
import { createAmqpPublisher, type AmqpPublisherOptions } from '../../src/publish/amqp-publisher.js'
import type { Notification, Publisher } from '../../src/publish/publisher.js'
import { parseTransportUrl } from '../../src/publish/transport-url.js'
import { systemClock } from '../../src/schedule/clock.js'
import { waitFor } from './wait-for.js'

/** `host:port` of the RabbitMQ that tests may fill and empty. */
export const brokerAddress = process.env['VIRTPOLL_TEST_AMQP'] ?? '127.0.0.1:5672'
export const brokerUrl = `rabbit://guest:guest@${brokerAddress}/`
export const brokerTarget = {
  host: brokerAddress.split(':')[0] ?? '',
  port: Number(brokerAddress.split(':')[1]),
}

/** An administrator's view of an exchange and a queue of this test's own. */
export interface BrokerSide {
  readonly exchange: string
  readonly topic: string
  readonly queue: string
  /** Runs it on a channel of its own, because a refusal closes the channel. */
  onChannel<T>(work: (channel: Channel) => Promise<T>): Promise<T>
  deleteQueue(): Promise<void>
  declareQueue(options: Options.AssertQueue): Promise<void>
  /** Takes what is in the queue, as many as `count`, oldest first. */
  take(count: number): Promise<GetMessage[]>
  /** Leaves everything there. */
  disconnect(): Promise<void>
  /** Deletes what the test made. */
  close(): Promise<void>
}

/** @param names of the exchange and the topic; default: new ones. */
export async function openBrokerSide(
  { exchange, topic }: Pick<BrokerSide, 'exchange' | 'topic'> = newNames(),
): Promise<BrokerSide> {
  const model: ChannelModel = await connect(`amqp://guest:guest@${brokerAddress}/`)
  const queue = `${topic}.sample`
  const onChannel = async <T>(work: (channel: Channel) => Promise<T>): Promise<T> => {
    const channel = await model.createChannel()
    channel.on('error', () => undefined)
    const result = await work(channel)
    await channel.close()
    return result
  }
  const deleteQueue = async (): Promise<void> => {
    await onChannel((channel) => channel.deleteQueue(queue))
  }
  return {
    exchange,
    topic,
    queue,
    onChannel,
    deleteQueue,
    declareQueue: async (options) => {
      await onChannel((channel) => channel.assertQueue(queue, options))
    },
    take: (count) =>
      onChannel(async (channel) => {
        const messages: GetMessage[] = []
        await waitFor(`${count} messages in ${queue}`, async () => {
          while (messages.length < count) {
            const message = await channel.get(queue, { noAck: true })
            if (message === false) return false
            messages.push(message)
          }
          return true
        })
        return messages
      }),
    disconnect: () => model.close(),
    close: async () => {
      await deleteQueue()
      await onChannel((channel) => channel.deleteExchange(exchange))
      await model.close()
    },
  }
}

function newNames(): Pick<BrokerSide, 'exchange' | 'topic'> {
  const id = randomUUID().slice(0, 8)
  return { exchange: `exchange-${id}`, topic: `topic-${id}` }
}

export interface ObservedPublisher {
  readonly publisher: Publisher
  readonly outages: readonly DestinationError[]
  readonly recoveries: readonly number[]
}

/** A publisher to that exchange and topic, and what it told its observer. */
export function observedPublisher(
  { exchange, topic }: Pick<BrokerSide, 'exchange' | 'topic'>,
  url = brokerUrl,
  options: Partial<AmqpPublisherOptions> = {},
  random: () => number = Math.random,
): ObservedPublisher {
  const outages: DestinationError[] = []
  const recoveries: number[] = []
  const publisher = createAmqpPublisher(
    {
      url: parseTransportUrl(url),
      exchange,
      topics: [topic],
      version: 2,
      publisherId: 'ceilometer.polling',
      durable: false,
      quorum: false,
      connectionName: 'virtpoll:test',
      productVersion: '0.0.0',
      ...options,
    },
    {
      clock: systemClock,
      uuid: randomUUID,
      random,
      observer: {
        onOutage: (error) => outages.push(error),
        onRecovered: ({ seconds }) => recoveries.push(seconds),
      },
    },
  )
  return { publisher, outages, recoveries }
}

/** A notification with one small sample, the `number`th. */
export function testNotification(number = 0): Notification {
  return {
    messageId: randomUUID(),
    createdAt: { wallMs: Date.UTC(2026, 0, 2, 3, 4, 5), monotonicSeconds: 1 },
    samplesJson: `[{"counter_name":"cpu","counter_volume":${number}}]`,
    sampleCount: 1,
  }
}

/** The broker's own tool; in a lab only. */
export const rabbitmqctl = (...args: string[]) => promisify(execFile)('rabbitmqctl', ['--quiet', ...args])

/** An outbox that drops nothing. */
export const roomy = { maxBytes: 1e9, maxAgeSeconds: 3600, order: 'oldest-first' } as const

/** For what must be over soon. */
export const soon = (seconds = 20): AbortSignal => AbortSignal.timeout(seconds * 1000)

/** What it was rejected with. */
export async function failureOf(work: Promise<unknown>): Promise<AgentError> {
  const thrown: unknown = await work.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (thrown instanceof AgentError) return thrown
  throw new Error('it did not fail with an AgentError', { cause: thrown })
}
