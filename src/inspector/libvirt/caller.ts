import type { Connection } from '#node-libvirt'
import { ConnectionError } from '../../errors.js'
import type { CallGate, MakeCall } from './call-gate.js'
import type { Connector, Session } from './connection.js'
import { callFailure, connectionFailure } from './errors.js'
import type { Lanes } from './lanes.js'

export interface MonitorCall<T> {
  readonly name: string
  /** The domains it is about. */
  readonly uuids: readonly string[]
  readonly make: (connection: Connection) => Promise<T>
  /** Told when it returns after its deadline; `answered` is false when only its connection ended. */
  readonly onLate: (answered: boolean) => void
}

export interface CallerContext {
  readonly connector: Connector
  readonly gate: CallGate
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
    try {
      return await gate.hold({ monitorBound: false, signal }, (makeCall) =>
        makeCall({ name, make: () => make(this.session.connection) }),
      )
    } catch (cause) {
      throw this.#failure(name, cause)
    }
  }

  /** A call that may wait for a domain's monitor. */
  async monitor<T>(call: MonitorCall<T>): Promise<T> {
    const { gate, signal } = this.#context
    try {
      const answer = await gate.hold({ monitorBound: true, signal }, (makeCall) =>
        this.#onLane(call, makeCall),
      )
      this.session.monitorAnswered = true
      return answer
    } catch (cause) {
      throw this.#failure(call.name, cause)
    }
  }

  async #onLane<T>({ name, uuids, make, onLate }: MonitorCall<T>, makeCall: MakeCall): Promise<T> {
    const { connection, give } = await this.#lane(uuids, makeCall)
    return makeCall({
      name,
      make: () => make(connection).finally(give),
      onLate: (error) => {
        onLate(error === undefined || !(callFailure(connection.uri, name, error) instanceof ConnectionError))
      },
    })
  }

  /** Without a lane nothing can be read: whatever goes wrong here is the connection's fault and no domain's. */
  async #lane(uuids: readonly string[], make: MakeCall): ReturnType<Lanes['take']> {
    const { connection, lanes } = this.session
    try {
      return await lanes.take(uuids, { main: connection, make })
    } catch (cause) {
      this.#context.signal.throwIfAborted()
      throw connectionFailure(connection.uri, cause)
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
