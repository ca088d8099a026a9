import type { Connection } from '#node-libvirt'
import { ConnectionError } from '../../errors.js'
import type { CallGate } from './call-gate.js'
import type { CallJournal } from './call-journal.js'
import type { Connector, Session } from './connection.js'
import { CallError, callFailure } from './errors.js'
import type { SilentDomains } from './silent-domains.js'

export interface MonitorCall<T> {
  readonly name: string
  /** The domains it is about. */
  readonly uuids: readonly string[]
  readonly make: (connection: Connection) => Promise<T>
  /** Told when it returns after its deadline. */
  readonly onLate?: () => void
}

/** How a plain call is waited for. */
export interface Waiting {
  /** Default: the timeout of every call. */
  readonly patienceSeconds?: number
  /** Told when it returns after that. */
  readonly onLate?: () => void
}

/**
 * What libvirt takes to answer a question that it answers by itself: a millisecond. Who asks so few seconds asks
 * because something else has hung already.
 */
const briefSeconds = 1

export interface CallerContext {
  readonly connector: Connector
  readonly gate: CallGate
  readonly journal: CallJournal
  readonly silent: SilentDomains
  readonly signal: AbortSignal
}

/**
 * Calls of one cycle on one connection, with libvirt's errors translated: every call rejects with a CallError, a
 * ConnectionError or the signal's reason.
 */
export class Caller {
  readonly session: Session
  readonly #context: CallerContext

  constructor(session: Session, context: CallerContext) {
    this.session = session
    this.#context = context
  }

  /** Domains about which libvirt says nothing now; not to be asked for. */
  get silent(): SilentDomains {
    return this.#context.silent
  }

  /** A call that libvirt answers by itself. */
  async plain<T>(
    name: string,
    make: (connection: Connection) => Promise<T>,
    waiting: Waiting = {},
  ): Promise<T> {
    const { gate, signal } = this.#context
    const { connection } = this.session
    try {
      return await gate.call({ name, monitorBound: false, signal, make: () => make(connection), ...waiting })
    } catch (cause) {
      throw this.#failure(name, cause)
    }
  }

  /** A plain call, to see whether there is an answer at all. */
  briefly<T>(name: string, make: (connection: Connection) => Promise<T>): Promise<T> {
    return this.plain(name, make, { patienceSeconds: briefSeconds })
  }

  /** A plain call about one domain, which is silent from when there is no answer soon until it comes. */
  async brieflyAbout<T>(
    uuid: string,
    name: string,
    make: (connection: Connection) => Promise<T>,
  ): Promise<T> {
    if (this.silent.has({ uuid }))
      throw new CallError('hung', `an earlier call about domain ${uuid} still waits`, { call: name })
    return this.silent.watch(uuid, (onLate) =>
      this.plain(name, make, { patienceSeconds: briefSeconds, onLate }),
    )
  }

  /** A call that may wait for a domain's monitor. */
  async monitor<T>(call: MonitorCall<T>): Promise<T> {
    const { gate, signal } = this.#context
    const { name, onLate } = call
    try {
      const make = () => this.#recorded(call)
      const answer = await gate.call({ name, monitorBound: true, signal, make, onLate })
      this.session.monitorAnswered = true
      return answer
    } catch (cause) {
      throw this.#failure(name, cause)
    }
  }

  async #recorded<T>({ name, uuids, make }: MonitorCall<T>): Promise<T> {
    const { connection } = this.session
    const record = this.#context.journal.begin(uuids)
    try {
      const answer = await make(connection)
      record.returned()
      return answer
    } catch (error) {
      if (callFailure(connection.uri, name, error) instanceof ConnectionError) record.orphaned()
      else record.returned()
      throw error
    }
  }

  #failure(name: string, cause: unknown): Error {
    const { connector, signal } = this.#context
    signal.throwIfAborted()
    const error = callFailure(this.session.connection.uri, name, cause)
    if (error instanceof ConnectionError) connector.drop(this.session, error)
    return error
  }
}
