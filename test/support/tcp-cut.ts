import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** A TCP proxy on the loopback that a test cuts and mends. */
export interface TcpCut {
  readonly port: number
  /** How many connections came so far. */
  readonly connections: number
  /** Cuts every connection at once and refuses new ones, as a machine that went away does. */
  cut(): Promise<void>
  /** From now on nothing more passes in either direction, and nobody is told. New connections are as ever. */
  freeze(): void
  /** The same for what clients send; what they are sent still passes. */
  deafen(): void
  /** Takes connections again on the same port. */
  mend(): Promise<void>
  close(): Promise<void>
}

export interface TcpTarget {
  readonly host: string
  readonly port: number
}

export async function startTcpCut(target: TcpTarget): Promise<TcpCut> {
  const open = new Set<Socket>()
  const near = new Set<Socket>()
  let connections = 0
  const hold = (socket: Socket): void => {
    open.add(socket)
    // What a cut connection says is no news.
    socket.on('error', () => undefined)
    socket.on('close', () => open.delete(socket))
  }
  const server = createServer((inward) => {
    connections += 1
    const outward = connect(target.port, target.host)
    hold(inward)
    near.add(inward)
    inward.on('close', () => near.delete(inward))
    hold(outward)
    inward.pipe(outward).pipe(inward)
    inward.on('close', () => outward.destroy())
    outward.on('close', () => inward.destroy())
  })
  const listen = async (port: number): Promise<number> => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }
  const port = await listen(0)
  const cut = async (): Promise<void> => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    for (const socket of open) socket.resetAndDestroy()
    await closed
  }
  return {
    port,
    get connections() {
      return connections
    },
    cut,
    deafen: () => {
      for (const socket of near) socket.unpipe().pause()
    },
    freeze: () => {
      for (const socket of open) socket.unpipe().pause()
    },
    mend: async () => {
      await listen(port)
    },
    close: cut,
  }
}
