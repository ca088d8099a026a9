import type { Connection } from '#node-libvirt'
import type { MakeCall } from './call-gate.js'

/** A connection that carries one call at a time. */
interface Lane {
  readonly connection: Connection
  /** Domains whose references the connection has. */
  readonly known: Set<string>
}

/** virConnectListAllDomainsFlags: those that run. */
const active = 1

/**
 * Connections for calls that may hang, each for one call at a time. libvirt's client may overlook a call that another
 * thread makes while one is waiting on the same connection (seen with 9.0: it is sent only when something else
 * arrives), so a hung call would hold up those beside it.
 */
export class Lanes {
  readonly #open: (() => Promise<Connection>) | undefined
  readonly #free: Lane[] = []
  readonly #connections = new Set<Connection>()
  #closed = false

  /** Without `open` all calls share `main`. */
  constructor(open: (() => Promise<Connection>) | undefined) {
    this.#open = open
  }

  /** A connection that is free and knows these domains. `give` is to be called when the call on it has returned. */
  async take(
    uuids: readonly string[],
    { main, make }: { readonly main: Connection; readonly make: MakeCall },
  ): Promise<{ readonly connection: Connection; readonly give: () => void }> {
    if (this.#open === undefined) return { connection: main, give: () => undefined }
    const lane = this.#free.pop() ?? (await this.#another(make, this.#open))
    if (uuids.some((uuid) => !lane.known.has(uuid))) await this.#learn(lane, make)
    const give = () => {
      this.#free.push(lane)
    }
    return { connection: lane.connection, give }
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#connections].map(closeQuietly))
  }

  async #another(make: MakeCall, open: () => Promise<Connection>): Promise<Lane> {
    const keep = (connection: Connection) => {
      if (this.#closed) void closeQuietly(connection)
      else this.#connections.add(connection)
      return connection
    }
    const connection = await make({ name: 'openReadOnly', make: () => open().then(keep) })
    await make({ name: 'setKeepAlive', make: () => keepAlive(connection) })
    return { connection, known: new Set() }
  }

  /** One listing for all domains, where the look-up of each would be a call of its own. */
  async #learn({ connection, known }: Lane, make: MakeCall): Promise<void> {
    const { uuids } = await make({ name: 'listDomains', make: () => connection.listDomains(active) })
    known.clear()
    for (const uuid of uuids) known.add(uuid)
  }
}

/** Ends the connection, and with it calls that hang, when the daemon has been silent for 15 to 20 seconds. */
export function keepAlive(connection: Connection): Promise<boolean> {
  return connection.setKeepAlive(5, 3)
}

/** A connection that is given up may well fail to close; nothing depends on it. */
export async function closeQuietly(connection: Connection): Promise<void> {
  try {
    await connection.close()
  } catch {
    // It is gone either way.
  }
}
