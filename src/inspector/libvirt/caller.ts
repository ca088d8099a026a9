import type { Connection } from '#node-libvirt'
import { ConnectionError } from '../../errors.js'
import type { CallGate } from './call-gate.js'
import type { CallJournal } from './call-journal.js'
import type { Connector, Session } from './connection.js'
import { callFailure } from './errors.js'

export interface MonitorCall<T> {
  readonly name: string
  /** The domains it is about. */
  readonly uuids: readonly string[]
  readonly make: (connection: Connection) => Promise<T>
  /** Told when it returns after its deadline. */
  readonly onLate?: () => void
}

export interface CallerContext {
  readonly connector: Connector
  readonly gate: CallGate
  readonly journal: CallJournal
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

  /** A call that libvirt answers by itself. */
  async plain<T>(name: string, make: (connection: Connection) => Promise<T>): Promise<T> {
    const { gate, signal } = this.#context
    const { connection } = this.session
    try {
      return await gate.call({ name, monitorBound: false, signal, make: () => make(connection) })
    } catch (cause) {
      throw this.#failure(name, cause)
    }
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
