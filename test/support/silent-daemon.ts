import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface SilentDaemon {
  /** Opening it hangs: somebody accepts and never answers. */
  readonly uri: string
  /** Resolves when that many clients have connected since the start. */
  connected(count: number): Promise<void>
  /** Hangs up on everybody, so that their calls return, and listens no more. */
  close(): Promise<void>
}

/** What a libvirtd that is stopped or stuck looks like to its clients. */
export async function silentDaemon(): Promise<SilentDaemon> {
  const folder = mkdtempSync(join(tmpdir(), 'silent-'))
  const path = join(folder, 'socket')
  const sockets = new Set<Socket>()
  let arrived = 0
  const waiting: { count: number; goOn: () => void }[] = []
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    arrived += 1
    for (const { count, goOn } of waiting) if (arrived >= count) goOn()
  })
  await new Promise<void>((listening) => server.listen(path, listening))
  return {
    uri: `qemu+unix:///system?socket=${path}`,
    connected: (count) =>
      new Promise<void>((goOn) => {
        if (arrived >= count) goOn()
        else waiting.push({ count, goOn })
      }),
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((closed) => server.close(closed))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
