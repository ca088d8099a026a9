import { DestinationError, type ErrorCode } from '../errors.js'
import { connectTo, type ConnectOptions } from './amqp-connect.js'
import { AmqpSession } from './amqp-session.js'
import type { Topology } from './amqp-topology.js'
import { BackOff } from './back-off.js'
import { brokerFault } from './amqp-faults.js'
import { hostAndPort, type BrokerHost } from './transport-url.js'
import { untilAborted } from './until-aborted.js'

export interface ConnectorOptions extends ConnectOptions {
  readonly topology: Topology
  readonly confirmSeconds: number
  readonly random: () => number
}

/** What a connector tells its owner. */
export interface ConnectorEvents {
  /** A session is open and everything is declared. */
  onConnected(): void
  /** The broker's alarm: nothing is sent until it is over. */
  onBlocked(error: DestinationError): void
}

/**
 * Keeps one session, and makes another when it is asked for one and has none. Whoever asks meanwhile shares the
 * attempt: hosts in random order, the next at once when one fails; a round that failed is followed by a wait that
 * grows, a session that was lost by `kombu_reconnect_delay`.
 */
export class AmqpConnector {
  readonly #options: ConnectorOptions
  readonly #events: ConnectorEvents
  readonly #backOff: BackOff
  readonly #closing = new AbortController()
  #session: AmqpSession | undefined
  #opening: Promise<AmqpSession> | undefined
  #notBefore = -Infinity

  constructor(options: ConnectorOptions, events: ConnectorEvents) {
    this.#options = options
    this.#events = events
    const { rabbit_retry_interval, rabbit_retry_backoff, rabbit_interval_max } = options.url.options
    this.#backOff = new BackOff({
      firstSeconds: rabbit_retry_interval,
      stepSeconds: rabbit_retry_backoff,
      maxSeconds: rabbit_interval_max,
      random: options.random,
    })
  }

  /**
   * An open session with everything declared.
   *
   * @throws DestinationError when no host gives one, or the signal's reason; the attempt itself goes on then.
   */
  async session(signal: AbortSignal): Promise<AmqpSession> {
    signal.throwIfAborted()
    if (this.#session?.open === true) return this.#session
    this.#closing.signal.throwIfAborted()
    this.#opening ??= this.#openAfterWait().finally(() => (this.#opening = undefined))
    return untilAborted(this.#opening, signal)
  }

  async close(signal: AbortSignal): Promise<void> {
    this.#closing.abort(new DestinationError('STOPPED', `${this.#options.url.name} was closed`))
    await this.#session?.close(signal)
  }

  async #openAfterWait(): Promise<AmqpSession> {
    const { clock } = this.#options
    const { signal } = this.#closing
    await clock.sleepUntil(this.#notBefore, signal)
    try {
      this.#session = await this.#openAny(signal)
      this.#backOff.reset()
      this.#events.onConnected()
      return this.#session
    } catch (error) {
      signal.throwIfAborted()
      this.#notBefore = clock.now().monotonicSeconds + this.#backOff.next()
      throw error
    }
  }

  async #openAny(signal: AbortSignal): Promise<AmqpSession> {
    const faults: DestinationError[] = []
    for (const host of shuffled(this.#options.url.hosts, this.#options.random)) {
      try {
        return await this.#open(host, signal)
      } catch (error) {
        signal.throwIfAborted()
        faults.push(brokerFault(error, hostAndPort(host)))
      }
    }
    throw worstOf(faults)
  }

  async #open(host: BrokerHost, signal: AbortSignal): Promise<AmqpSession> {
    const connection = await connectTo(host, this.#options, signal)
    const session = new AmqpSession(
      connection,
      {
        where: hostAndPort(host),
        topology: this.#options.topology,
        confirmSeconds: this.#options.confirmSeconds,
        clock: this.#options.clock,
        compression: this.#options.url.options.kombu_compression,
      },
      {
        onBlocked: (error) => {
          this.#events.onBlocked(error)
        },
        onEnd: () => {
          this.#ended()
        },
      },
    )
    try {
      await untilAborted(session.declare(), signal)
      return session
    } catch (error) {
      await session.close(signal)
      throw error
    }
  }

  #ended(): void {
    const { clock, url } = this.#options
    this.#notBefore = clock.now().monotonicSeconds + url.options.kombu_reconnect_delay
  }
}

/** What a person should look at first comes first. */
const gravity: readonly ErrorCode[] = ['BROKER_REFUSED', 'TLS_FAILED', 'NOT_CONFIRMED', 'BROKER_UNREACHABLE']

/** One error for a round in which every host failed. */
function worstOf(faults: readonly DestinationError[]): DestinationError {
  const [worst, ...others] = [...faults].sort((a, b) => gravity.indexOf(a.code) - gravity.indexOf(b.code))
  if (worst === undefined) return new DestinationError('BROKER_UNREACHABLE', 'the transport URL has no host')
  if (others.length === 0) return worst
  const message = [worst, ...others].map((fault) => fault.message).join('; ')
  return new DestinationError(worst.code, message, { details: worst.details, cause: worst })
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item)
}
