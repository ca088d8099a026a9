import { promisify } from 'node:util'
import { deflate } from 'node:zlib'
import { DestinationError, NotificationError } from '../errors.js'
import type { Clock } from '../schedule/clock.js'
import { AmqpConnector } from './amqp-connector.js'
import { topologyOf } from './amqp-topology.js'
import { Outage, type DestinationObserver } from './outage.js'
import { createBodyWriter, notificationBody, uniqueIdOf, type EnvelopeVersion } from './envelope.js'
import type { Notification, Publisher } from './publisher.js'
import type { TransportUrl } from './transport-url.js'

export interface AmqpPublisherOptions {
  readonly url: TransportUrl
  readonly exchange: string
  /** Each gets a copy. */
  readonly topics: readonly string[]
  /** 1 is oslo.messaging's driver `messaging`, 2 its `messagingv2`. */
  readonly version: EnvelopeVersion
  readonly publisherId: string
  /** What `amqp_durable_queues` and `rabbit_quorum_queue` are when the URL does not say. */
  readonly durable: boolean
  readonly quorum: boolean
  /** What the broker shows as the connection's name, `virtpoll:<pid>:<host>`. */
  readonly connectionName: string
  readonly productVersion: string
  /** For one host, until a channel is open. Default 10. */
  readonly connectSeconds?: number
  /** How long the broker may take to confirm. Default: the URL's heartbeat, as the original; 60 when that is off. */
  readonly confirmSeconds?: number
}

export interface AmqpPublisherParts {
  readonly clock: Clock
  readonly observer: DestinationObserver
  /** A new UUID at each call. */
  readonly uuid: () => string
  /** From 0 up to 1, as Math.random. */
  readonly random: () => number
}

/** How often a message is sent that comes back for want of a queue, everything declared anew each time. */
const maxReturns = 3

/** Notifications of which it is remembered that some queues have them; an outbox has 16 under way at a time. */
const mostHalfSent = 1000

const compress = promisify(deflate)

class AmqpPublisher implements Publisher {
  readonly name: string
  readonly #options: AmqpPublisherOptions
  readonly #parts: AmqpPublisherParts
  readonly #connector: AmqpConnector
  readonly #queues: readonly string[]
  readonly #outage: Outage
  /** Message ids of what some queues have and others lack, and those that have it. */
  readonly #reached = new Map<string, Set<string>>()
  readonly #write = createBodyWriter()
  #nacksInARow = 0
  #closed = false

  constructor(options: AmqpPublisherOptions, parts: AmqpPublisherParts) {
    const { url } = options
    const topology = topologyOf(options, url.options)
    this.name = url.name
    this.#options = options
    this.#parts = parts
    this.#queues = topology.queues
    this.#outage = new Outage(parts.observer, parts.clock)
    this.#connector = new AmqpConnector(
      {
        ...{ url, topology, clock: parts.clock, random: parts.random },
        ...{ connectionName: options.connectionName, productVersion: options.productVersion },
        connectSeconds: options.connectSeconds ?? 10,
        confirmSeconds: options.confirmSeconds ?? (url.options.heartbeat_timeout_threshold || 60),
      },
      {
        onConnected: () => {
          parts.observer.onConnected?.()
        },
        onBlocked: (error) => {
          this.#outage.begin(error)
        },
      },
    )
  }

  async publish(notification: Notification, signal: AbortSignal): Promise<void> {
    const { messageId } = notification
    const reached = this.#reached.get(messageId) ?? new Set<string>()
    this.#reached.delete(messageId)
    const missing = this.#queues.filter((queue) => !reached.has(queue))
    const results = await Promise.allSettled(
      missing.map(async (queue) => {
        await this.#send(queue, notification, signal)
        reached.add(queue)
      }),
    )
    const faults = results.flatMap((result) =>
      result.status === 'rejected' ? [result.reason as unknown] : [],
    )
    if (faults.length > 0 && reached.size > 0) this.#remember(messageId, reached)
    this.#settle(faults, signal)
  }

  async ready(signal: AbortSignal): Promise<void> {
    try {
      const session = await this.#connector.session(signal)
      if (!session.blocked) this.#outage.end()
    } catch (error) {
      this.#settle([error], signal)
    }
  }

  async close(signal: AbortSignal): Promise<void> {
    this.#closed = true
    await this.#connector.close(signal)
  }

  async #send(queue: string, notification: Notification, signal: AbortSignal): Promise<void> {
    for (let returns = 0; returns < maxReturns; returns += 1) {
      const session = await this.#connector.session(signal)
      const outcome = await session.publish(queue, await this.#body(notification), signal)
      if (outcome === 'confirmed') {
        this.#nacksInARow = 0
        // What was under way when an alarm set in may still be confirmed.
        if (!session.blocked) this.#outage.end()
        return
      }
      if (outcome === 'nacked') throw this.#nacked(queue, session.where, notification)
      this.#parts.observer.onReturned?.()
      await session.declare()
    }
    throw new DestinationError(
      'BROKER_REFUSED',
      `${this.name} returned a notification ${maxReturns} times for want of the queue ${queue}, which was declared ` +
        'each time; look for what deletes it or its binding',
      { details: { queue } },
    )
  }

  /** Of what was given up meanwhile nobody tells; the oldest make room. */
  #remember(messageId: string, reached: Set<string>): void {
    this.#reached.set(messageId, reached)
    const [oldest = ''] = this.#reached.keys()
    if (this.#reached.size > mostHalfSent) this.#reached.delete(oldest)
  }

  /** What makes the body when it goes out; the same memory is used for the next. */
  async #body(notification: Notification): Promise<() => Buffer> {
    const { version, publisherId, url } = this.#options
    const uniqueId = uniqueIdOf(this.#parts.uuid())
    const body = () => this.#write(notification, { version, publisherId, uniqueId })
    if (url.options.kombu_compression === undefined) return body
    // What kombu calls gzip is a zlib stream.
    const compressed = await compress(notificationBody(notification, { version, publisherId, uniqueId }))
    return () => compressed
  }

  /** Throws the gravest of them: that of the destination, since it keeps the notification. */
  #settle(faults: readonly unknown[], signal: AbortSignal): void {
    if (faults.length === 0) return
    const ofDestination = faults.find((fault) => fault instanceof DestinationError)
    if (ofDestination !== undefined && !this.#closed && !signal.aborted) this.#outage.begin(ofDestination)
    throw ofDestination ?? faults[0]
  }

  /** One nack is a fault of the notification; nacks with no confirm between them are one of the queue. */
  #nacked(queue: string, where: string, { messageId }: Notification): Error {
    this.#nacksInARow += 1
    const message =
      `broker ${where} refuses what is published to the queue ${queue}; look for a limit of that queue ` +
      '(x-max-length with overflow reject-publish) and at the log of the broker'
    const details = { broker: where, queue, messageId }
    return this.#nacksInARow === 1
      ? new NotificationError('NOTIFICATION_REJECTED', message, { details })
      : new DestinationError('BROKER_REFUSED', message, { details })
  }
}

/**
 * Publishes to RabbitMQ as oslo.messaging's notifier does, and more surely: with `mandatory`, so that a queue deleted
 * since it was declared is noticed and declared again, and with a deadline for each confirm.
 *
 * Connects at the first call. A notification that some topics have confirmed is not sent to those again when it
 * is published once more; each copy sent has a fresh `_unique_id`.
 */
export function createAmqpPublisher(options: AmqpPublisherOptions, parts: AmqpPublisherParts): Publisher {
  return new AmqpPublisher(options, parts)
}
