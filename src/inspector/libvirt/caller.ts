import type { Connection } from '#node-libvirt'
import { ConnectionError } from '../../errors.js'
import { type CallGate, hungCallLimit } from './call-gate.js'
import { type CallJournal, lockCall, type RecordedCall } from './call-journal.js'
import type { Connector, Session } from './connection.js'
import { CallError, callFailure, connectionFailure } from './errors.js'
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
  readonly onLate?: (error: unknown) => void
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
  #check: Promise<void> | undefined

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
      throw await this.#failure(name, cause)
    }
  }

  /**
   * A call that takes the lock of every domain. Rejects with a CallError `busy` when calls that wait for a lock since
   * before this connection are all that may hang.
   */
  async listing<T>(
    name: string,
    make: (connection: Connection) => Promise<T>,
    waiting: Waiting = {},
  ): Promise<T> {
    const { gate, journal } = this.#context
    if (!journal.mayList(gate.hung, hungCallLimit)) {
      const message = `the domains were not listed: ${gate.hung} earlier libvirt calls hang; see who keeps a domain locked`
      throw new CallError('busy', message, { call: name })
    }
    const answer = await this.plain(name, () => this.#recorded({ name, uuids: lockCall, make }), waiting)
    journal.listed()
    this.silent.clear()
    return answer
  }

  /** A plain call, to see whether there is an answer at all. */
  briefly<T>(name: string, make: (connection: Connection) => Promise<T>): Promise<T> {
    return this.plain(name, make, { patienceSeconds: briefSeconds })
  }

  /** A plain call about one domain, which is silent from when there is no answer soon until it comes or a listing answers. */
  async brieflyAbout<T>(
    uuid: string,
    name: string,
    make: (connection: Connection) => Promise<T>,
  ): Promise<T> {
    if (this.silent.has({ uuid }))
      throw new CallError('hung', `an earlier call about domain ${uuid} still waits`, { call: name })
    return this.silent.watch(uuid, (onLate) => this.#briefly(name, make, onLate))
  }

  /** Is written down only when it hangs, because there may be one for each domain. */
  async #briefly<T>(
    name: string,
    make: (connection: Connection) => Promise<T>,
    onReturn: () => void,
  ): Promise<T> {
    const late: { returned: boolean; record?: RecordedCall } = { returned: false }
    const onLate = (error: unknown) => {
      late.returned = true
      if (late.record !== undefined) this.#strike(late.record, name, error)
      if (!this.#endedConnection(name, error)) onReturn()
    }
    try {
      return await this.plain(name, make, { patienceSeconds: briefSeconds, onLate })
    } catch (error) {
      const hangs = error instanceof CallError && error.fault === 'hung'
      if (hangs && !late.returned) late.record = this.#context.journal.begin(lockCall)
      throw error
    }
  }

  /** Work that makes monitor-bound calls about one each of these domains; sparer than without having said so. */
  announcing<T>(uuids: Iterable<string>, work: () => Promise<T>): Promise<T> {
    const { gate, journal } = this.#context
    return journal.announce(uuids, gate.monitorLanes, work)
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
      throw await this.#failure(name, cause)
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
      this.#strike(record, name, error)
      throw error
    }
  }

  #strike(record: RecordedCall, name: string, error: unknown): void {
    if (this.#endedConnection(name, error)) record.orphaned()
    else record.returned()
  }

  #endedConnection(name: string, error: unknown): boolean {
    const { uri } = this.session.connection
    return error !== undefined && callFailure(uri, name, error) instanceof ConnectionError
  }

  async #failure(name: string, cause: unknown): Promise<Error> {
    const { connector, signal } = this.#context
    signal.throwIfAborted()
    let error = callFailure(this.session.connection.uri, name, cause)
    if (error instanceof CallError && error.fault === 'hung') error = await this.#orDaemonIsAway(error)
    if (error instanceof ConnectionError) connector.drop(this.session, error)
    return error
  }

  /** Whose fault it is that a call hangs: a domain's, or the daemon's when it does not even tell its version. */
  async #orDaemonIsAway(hung: CallError): Promise<CallError | ConnectionError> {
    const { gate, signal } = this.#context
    const { connection } = this.session
    this.#check ??= gate
      .call({
        name: 'libvirtVersion',
        monitorBound: false,
        patienceSeconds: briefSeconds,
        signal,
        make: () => connection.libvirtVersion(),
      })
      .then(() => undefined)
      .finally(() => (this.#check = undefined))
    try {
      await this.#check
      return hung
    } catch (cause) {
      signal.throwIfAborted()
      const error = callFailure(connection.uri, 'libvirtVersion', cause)
      return error instanceof CallError && error.fault === 'hung'
        ? connectionFailure(connection.uri, hung)
        : error instanceof ConnectionError
          ? error
          : hung
    }
  }
}
