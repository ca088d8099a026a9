import { setMaxListeners } from 'node:events'
import type { ChannelModel, ConfirmChannel, Message, Options } from 'amqplib'
import { DestinationError, NotificationError, toError } from '../errors.js'
import type { Clock } from '../schedule/clock.js'
import { AwaitedAnswers } from './amqp-answers.js'
import { brokerFault } from './amqp-faults.js'
import { declarationFault, declareTopology, type Topology } from './amqp-topology.js'
import { Gate } from './gate.js'
import { untilAborted } from './until-aborted.js'

/** What the broker made of a message. `returned`: it found no queue for it, and confirmed it all the same. */
export type Outcome = 'confirmed' | 'returned' | 'nacked'

export interface SessionOptions {
  /** `host:port` for messages. */
  readonly where: string
  readonly topology: Topology
  /** How long the broker may take for its word on a message or a declaration. */
  readonly confirmSeconds: number
  readonly clock: Clock
  /** Set when bodies are compressed, as kombu names it in the header `compression`. */
  readonly compression: string | undefined
}

/** What a session tells its owner. */
export interface SessionEvents {
  /** The broker's alarm: nothing is sent until it is over. */
  onBlocked(error: DestinationError): void
  /** Once, when something other than `close` ended it. */
  onEnd(): void
}

/** An open connection. Aborting its signal destroys its socket, the only way to be rid of one whose peer is silent. */
export interface OpenConnection {
  readonly model: ChannelModel
  readonly channel: ConfirmChannel
  readonly socket: AbortController
}

interface Unconfirmed {
  readonly key: string
  /** The last bytes of its body. */
  end: Buffer
  returned: boolean
}

/** Most messages sent and not yet confirmed. */
const maxUnconfirmed = 16

/** Bytes of a body's end that tell it from others: its `_unique_id`, and of a compressed one the stream's checksum too. */
const endBytes = 64

/** AMQP's reply code, and basic.publish with the class it belongs to. */
const preconditionFailed = 406
const basicClass = 60
const publishMethod = 40

/**
 * One connection with one channel in confirm mode. They live and die together: what ends the channel ends the
 * connection, and every message not yet confirmed fails with the reason. A session never comes back; its owner opens
 * another.
 */
export class AmqpSession {
  readonly where: string
  readonly #connection: OpenConnection
  readonly #options: SessionOptions
  readonly #events: SessionEvents
  readonly #gate = new Gate(maxUnconfirmed)
  readonly #unconfirmed = new Set<Unconfirmed>()
  readonly #ended = new AbortController()
  readonly #answers: AwaitedAnswers
  #declaring: Promise<void> | undefined
  #blocked = false

  constructor(connection: OpenConnection, options: SessionOptions, events: SessionEvents) {
    this.where = options.where
    this.#connection = connection
    this.#options = options
    this.#events = events
    setMaxListeners(0, this.#ended.signal)
    const { clock, confirmSeconds: seconds } = options
    const onLate = this.#failLate.bind(this)
    this.#answers = new AwaitedAnswers({ clock, seconds, signal: this.#ended.signal, onLate })
    this.#listen()
  }

  get open(): boolean {
    return !this.#ended.signal.aborted
  }

  /** Under an alarm of the broker: what is published waits. */
  get blocked(): boolean {
    return this.#blocked
  }

  /** Declares everything anew; those who ask at the same time share it. */
  declare(): Promise<void> {
    this.#declaring ??= this.#declare().finally(() => (this.#declaring = undefined))
    return this.#declaring
  }

  /**
   * Waits for room, sends, and waits for the broker's word.
   *
   * @param body called when there is room; what it gives is copied at once and may be used for something else.
   * @throws DestinationError when the session ends first, NotificationError when it ends because of this message, or
   *   the signal's reason. Except for the second, the broker may have the message all the same.
   */
  async publish(key: string, body: () => Buffer, signal: AbortSignal): Promise<Outcome> {
    await this.#gate.enter(signal)
    return untilAborted(this.#send(key, body), signal)
  }

  /** Ends it from our side, politely until the signal. What is not yet confirmed fails with STOPPED. */
  async close(signal: AbortSignal): Promise<void> {
    if (!this.open) return
    const error = new DestinationError('STOPPED', `the connection to broker ${this.where} was closed`)
    this.#retire(error)
    const goodbye = this.#connection.model.close()
    await untilAborted(goodbye, signal).catch(() => undefined)
    this.#connection.socket.abort(error)
  }

  async #declare(): Promise<void> {
    const answered = this.#answers.expect('answer a declaration')
    try {
      await untilAborted(
        declareTopology(this.#connection.channel, this.#options.topology),
        this.#ended.signal,
      )
    } catch (error) {
      this.#fail(error)
      throw error
    } finally {
      answered()
    }
  }

  async #send(key: string, makeBody: () => Buffer): Promise<Outcome> {
    const sent: Unconfirmed = { key, end: Buffer.alloc(0), returned: false }
    const answered = this.#answers.expect('confirm a notification')
    this.#unconfirmed.add(sent)
    try {
      const body = makeBody()
      sent.end = Buffer.from(body.subarray(-endBytes))
      const acked = await untilAborted(this.#deliver(key, body), this.#ended.signal)
      if (!acked) return 'nacked'
      return sent.returned ? 'returned' : 'confirmed'
    } finally {
      answered()
      this.#unconfirmed.delete(sent)
      this.#gate.leave()
    }
  }

  /** True for an ack, false for a nack. */
  #deliver(key: string, body: Buffer): Promise<boolean> {
    const { exchange } = this.#options.topology
    return new Promise((resolve, reject) => {
      // amqplib hands an error for a nack and for the channel's end alike. The events that set `#ended` come in the
      // same turn as the latter, so a turn later only a nack is left.
      const confirmed = (error: unknown): void => {
        if (error === null) resolve(true)
        else setImmediate(resolve, false)
      }
      try {
        const room = this.#connection.channel.publish(exchange, key, body, this.#properties(), confirmed)
        if (!room) this.#gate.hold('write buffer full')
      } catch (error) {
        // The channel is gone and no event has told yet.
        this.#fail(error)
        reject(this.#ended.signal.reason as Error)
      }
    })
  }

  #properties(): Options.Publish {
    const { compression } = this.#options
    return {
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      deliveryMode: 2,
      priority: 0,
      headers: compression === undefined ? {} : { compression },
      mandatory: true,
    }
  }

  #failLate(what: string): void {
    const { confirmSeconds } = this.#options
    this.#fail(
      new DestinationError(
        'NOT_CONFIRMED',
        `broker ${this.where} did not ${what} in ${confirmSeconds} s; connecting anew`,
        { details: { broker: this.where, seconds: confirmSeconds } },
      ),
    )
  }

  #listen(): void {
    const { model, channel } = this.#connection
    // An `error` event that nobody hears ends the process.
    model.on('error', (error) => {
      this.#fail(error)
    })
    channel.on('error', (error) => {
      this.#fail(error)
    })
    model.on('close', (error) => {
      this.#fail(error ?? new Error('the broker closed the connection'))
    })
    // When the connection ends, its channels are told first; it says why only then.
    channel.on('close', () => {
      queueMicrotask(() => {
        this.#fail(new Error('the broker closed the channel'))
      })
    })
    channel.on('return', (message) => {
      this.#markReturned(message)
    })
    channel.on('drain', () => {
      this.#gate.release('write buffer full')
    })
    model.on('blocked', (reason) => {
      this.#block(reason)
    })
    model.on('unblocked', () => {
      this.#blocked = false
      this.#answers.release()
      this.#gate.release('blocked')
    })
  }

  #block(reason: string): void {
    this.#blocked = true
    this.#answers.hold()
    this.#gate.hold('blocked')
    this.#events.onBlocked(
      new DestinationError(
        'BROKER_BLOCKED',
        `broker ${this.where} takes no messages for now (${reason}); look at its memory and disk`,
        { details: { broker: this.where, reason } },
      ),
    )
  }

  /** A return has no delivery tag. Bodies differ by their `_unique_id`, at their end. The confirm comes right after it. */
  #markReturned({ fields, content }: Message): void {
    const end = content.subarray(-endBytes)
    for (const sent of this.#unconfirmed) {
      if (sent.key === fields.routingKey && sent.end.equals(end)) sent.returned = true
    }
  }

  #fail(thrown: unknown): void {
    if (!this.open) return
    const refused = declarationFault(toError(thrown), this.#options.topology, this.where)
    const error = refused ?? brokerFault(thrown, this.where)
    // One message alone is at fault itself. Of several any may be; they are kept and come again.
    const isRejection = closedByMessage(thrown) && this.#unconfirmed.size === 1
    this.#retire(error, isRejection ? rejection(error) : error)
    this.#connection.model.close().catch(() => undefined)
    this.#connection.socket.abort(error)
    this.#events.onEnd()
  }

  #retire(error: DestinationError, forUnconfirmed: Error = error): void {
    this.#ended.abort(forUnconfirmed)
    this.#gate.shut(error)
  }
}

const rejection = ({ message, details, cause }: DestinationError): NotificationError =>
  new NotificationError('NOTIFICATION_REJECTED', message, { details, cause })

/** Whether the broker closed the channel because it cannot take a message, as when it is too large. */
function closedByMessage(thrown: unknown): boolean {
  const { code, classId, methodId } = thrown as { code?: unknown; classId?: unknown; methodId?: unknown }
  return code === preconditionFailed && classId === basicClass && methodId === publishMethod
}
