import type { Connection, DomainEvent, DomainEventKind } from '#node-libvirt'
import { ConnectionError } from '../../errors.js'
import type { Clock } from '../../schedule/clock.js'
import type { LibvirtBinding } from './binding.js'
import type { CallGate } from './call-gate.js'
import { CallError, connectionFailure } from './errors.js'
import type { InspectorObserver } from './observer.js'

/** What may change the XML of a domain without a new start of it. */
const watchedEvents: readonly DomainEventKind[] = [
  'lifecycle',
  'metadata-change',
  'device-added',
  'device-removed',
  'tray-change',
  'disk-change',
]

/** Together they end the connection, and calls that hang, when the daemon has been silent for 15 to 20 seconds. */
const keepAliveSeconds = 5
const keepAliveCount = 3

/**
 * How long the daemon may take over the leave that is taken of it, seconds: one that hangs answers when keepalive ends
 * the connection, and an agent that is told to stop is to end within five seconds in all.
 */
const leaveSeconds = 0.5

/** One connection, from its opening to its end. */
export interface Session {
  readonly connection: Connection
  /** The driver's name, for example `QEMU`. */
  readonly driver: string
  /** False until a monitor-bound call has answered on this connection. */
  monitorAnswered: boolean
  /** Functions that the driver lacks altogether; asked again on the next connection. */
  readonly lacking: Set<string>
}

export interface ConnectorOptions {
  readonly uri: string
  readonly binding: LibvirtBinding
  readonly gate: CallGate
  readonly clock: Clock
  readonly observer: InspectorObserver
  readonly onEvent: (event: DomainEvent) => void
}

/**
 * Holds the connection: opens it when it is first used, and anew when it is used after its end. It never tries by
 * itself, so a host without libvirt costs one attempt a cycle.
 */
export class Connector {
  readonly #options: ConnectorOptions
  #session: Session | undefined
  /** An opening that is under way, also one that nobody waits for any more. */
  #opening = false
  /** A connection whose opening took longer than its deadline. */
  #late: Connection | undefined
  #lostAt: number | undefined
  #closed = false

  constructor(options: ConnectorOptions) {
    this.#options = options
  }

  /** The connection of the last use, if it has not been given up. */
  get session(): Session | undefined {
    return this.#session
  }

  /** The living connection, opened if need be. Rejects with a ConnectionError, or with the signal's reason. */
  async use(signal: AbortSignal): Promise<Session> {
    if (this.#session?.connection.open) return this.#session
    try {
      const connection = await this.#open(signal)
      this.#session = await this.#prepare(connection, signal)
    } catch (cause) {
      signal.throwIfAborted()
      const error = connectionFailure(this.#options.uri, cause)
      this.#reportLost(error)
      throw error
    }
    this.#reportConnected()
    return this.#session
  }

  /** Gives the connection up, because it has ended or does not answer; the next use opens another. */
  drop(session: Session, error: ConnectionError): void {
    void closeQuietly(session.connection)
    if (this.#session !== session) return
    this.#session = undefined
    this.#reportLost(error)
  }

  /** Resolves within half a second: a daemon that does not answer is left to the end of the process. */
  async close(): Promise<void> {
    this.#closed = true
    const held = [this.#session?.connection, this.#late]
    this.#session = undefined
    this.#late = undefined
    const left = new AbortController()
    const { clock } = this.#options
    const deadline = clock.sleepUntil(clock.now().monotonicSeconds + leaveSeconds, left.signal)
    await Promise.race([Promise.all(held.map(closeQuietly)), deadline])
    left.abort()
  }

  async #open(signal: AbortSignal): Promise<Connection> {
    const { binding, uri, gate } = this.#options
    if (this.#late?.open) {
      const late = this.#late
      this.#late = undefined
      return late
    }
    if (this.#opening) {
      const message = 'an earlier attempt to connect still waits for an answer'
      throw new CallError('hung', message, { call: 'openReadOnly' })
    }
    let givenUp = false
    const make = async () => {
      this.#opening = true
      try {
        const connection = await binding.openReadOnly(uri)
        if (givenUp) this.#keepLate(connection)
        return connection
      } finally {
        this.#opening = false
      }
    }
    try {
      return await gate.call({ name: 'openReadOnly', monitorBound: false, signal, make })
    } catch (error) {
      givenUp = true
      throw error
    }
  }

  #keepLate(connection: Connection): void {
    if (this.#closed || this.#session !== undefined) void closeQuietly(connection)
    else this.#late = connection
  }

  async #prepare(connection: Connection, signal: AbortSignal): Promise<Session> {
    const { gate, onEvent } = this.#options
    const onClose = (reason: number) => {
      this.#ended(connection, reason)
    }
    const call = <T>(name: string, make: () => Promise<T>) =>
      gate.call({ name, monitorBound: false, signal, make })
    try {
      await call('onClose', () => connection.onClose(onClose))
      await call('setKeepAlive', () => connection.setKeepAlive(keepAliveSeconds, keepAliveCount))
      const driver = await call('hypervisorType', () => connection.hypervisorType())
      await call('onDomainEvent', () => connection.onDomainEvent(watchedEvents, onEvent))
      return { connection, driver, monitorAnswered: false, lacking: new Set() }
    } catch (error) {
      void closeQuietly(connection)
      throw error
    }
  }

  #ended(connection: Connection, reason: number): void {
    if (this.#session?.connection !== connection) return
    const { uri } = this.#options
    const why = closeReasons[reason] ?? 'it ended'
    const message = `the connection to libvirt at ${uri} is gone: ${why}; the next cycle connects anew`
    this.drop(
      this.#session,
      new ConnectionError('LIBVIRT_UNREACHABLE', message, { details: { uri, reason } }),
    )
  }

  #reportLost(error: ConnectionError): void {
    if (this.#lostAt !== undefined || this.#closed) return
    this.#lostAt = this.#options.clock.now().monotonicSeconds
    this.#options.observer.connectionLost(error)
  }

  #reportConnected(): void {
    const lostAt = this.#lostAt
    this.#lostAt = undefined
    const now = this.#options.clock.now().monotonicSeconds
    this.#options.observer.connected(lostAt === undefined ? undefined : now - lostAt)
  }
}

/** By virConnectCloseReason. */
const closeReasons: Readonly<Record<number, string>> = {
  0: 'it broke',
  1: 'the daemon closed it or ended',
  2: 'the daemon did not answer keepalives',
  3: 'it was closed on this side',
}

/** A connection that is given up may well fail to close; nothing depends on it. */
async function closeQuietly(connection: Connection | undefined): Promise<void> {
  try {
    await connection?.close()
  } catch {
    // It is gone either way.
  }
}
