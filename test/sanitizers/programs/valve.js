import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A way to a daemon that answers can be held back in, or that can be cut. */
export async function openValve(daemonSocket) {
  const folder = mkdtempSync(join(tmpdir(), 'valve-'))
  const path = join(folder, 'socket')
  const ways = new Set()
  let shut = false
  const asked = new Set()
  let onAsked = () => undefined

  const server = createServer((client) => {
    const daemon = connect(daemonSocket)
    const way = { client, daemon }
    ways.add(way)
    const end = () => {
      ways.delete(way)
      client.destroy()
      daemon.destroy()
    }
    for (const socket of [client, daemon]) socket.on('error', end).on('close', end)
    client.on('data', (request) => {
      daemon.write(request)
      asked.add(way)
      onAsked()
    })
    daemon.on('data', (answer) => client.write(answer))
    if (shut) daemon.pause()
  })
  server.listen(path)
  await once(server, 'listening')

  return {
    uri: `qemu+unix:///system?socket=${path}`,
    /** From now on requests still arrive, and answers do not. */
    shut() {
      shut = true
      asked.clear()
      for (const { daemon } of ways) daemon.pause()
    },
    /** Resolves when that many connections have asked something since the valve was shut. */
    asked: (count) =>
      new Promise((resolve) => {
        onAsked = () => {
          if (asked.size >= count) resolve()
        }
        onAsked()
      }),
    open() {
      shut = false
      for (const { daemon } of ways) daemon.resume()
    },
    cut() {
      shut = false
      for (const { client, daemon } of ways) {
        client.destroy()
        daemon.destroy()
      }
    },
    close() {
      this.cut()
      server.close()
      this.remove()
    },
    /** The socket's folder; for a process that ends without `close`. */
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
