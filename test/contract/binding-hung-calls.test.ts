import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { lookup } from 'node:dns/promises'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { activity, openReadOnly } from '#node-libvirt'
import { silentDaemon, type SilentDaemon } from '../support/silent-daemon.js'

const bindingFile = fileURLToPath(new URL('../../native/lib/index.js', import.meta.url))
/** Threads of libuv's pool, which calls must not occupy. */
const poolSize = 4

/** Runs `body` in a worker with the binding as `libvirt`, `uri` and `parentPort`. */
const workerWith = (body: string, uri: string) =>
  new Worker(
    `const { parentPort, workerData: uri } = require('node:worker_threads')
     import(${JSON.stringify(bindingFile)}).then(async (libvirt) => { ${body} })`,
    { eval: true, workerData: uri },
  )

/** Runs `body` in a process of its own that has loaded `binding`; how it ended and how long after its first output. */
async function processWith(body: string, uri: string, binding = bindingFile) {
  const child = spawn(
    process.execPath,
    ['-e', `import(${JSON.stringify(binding)}).then(async (libvirt) => { ${body} })`, uri],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const exited = once(child, 'exit')
  await Promise.race([once(child.stdout, 'data'), exited])
  const startedAt = performance.now()
  const [code, signal] = (await exited) as [number | null, NodeJS.Signals | null]
  return { code, signal, milliseconds: performance.now() - startedAt }
}

describe('calls that hang', () => {
  let daemon: SilentDaemon
  const ends: Promise<unknown>[] = []
  const hang = (count: number) => {
    for (let call = 0; call < count; call += 1) ends.push(openReadOnly(daemon.uri).catch(() => undefined))
    return daemon.connected(count)
  }

  beforeEach(async () => {
    daemon = await silentDaemon()
  })
  afterEach(async () => {
    await daemon.close()
    await Promise.all(ends.splice(0))
    await vi.waitFor(() => {
      expect(activity()).toMatchObject({ callsOut: 0, connections: 0 })
    })
  })

  it('block neither files nor names nor the calls of other connections', async () => {
    await hang(3 * poolSize)
    const startedAt = performance.now()

    await Promise.all([readFile(bindingFile), lookup('localhost')])
    const connection = await openReadOnly('test:///default')
    expect((await connection.listDomains(0)).names).toEqual(['test'])
    expect(await connection.close()).toBe(0)

    expect(performance.now() - startedAt).toBeLessThan(2_000)
    expect(activity().callsOut).toBe(3 * poolSize)
  })

  it('end when the daemon hangs up, and are then errors like any other', async () => {
    const opening = openReadOnly(daemon.uri)
    ends.push(opening.catch(() => undefined))
    await daemon.connected(1)
    await daemon.close()

    await expect(opening).rejects.toMatchObject({ name: 'LibvirtError', call: 'virConnectOpenReadOnly' })
  })

  it('do not hold up the end of the process', async () => {
    const end = await processWith(
      `for (let i = 0; i < 6; i += 1) libvirt.openReadOnly(process.argv[1])
       const connection = await libvirt.openReadOnly('test:///default')
       await connection.onDomainEvent(['lifecycle'], () => {})
       process.stdout.write('ready', () => process.exit(0))`,
      daemon.uri,
    )

    expect(end).toMatchObject({ code: 0, signal: null })
    expect(end.milliseconds).toBeLessThan(2_000)
  })

  it('do not hold up the end of a worker thread', async () => {
    const worker = workerWith(
      `const connection = await libvirt.openReadOnly('test:///default')
       await connection.onDomainEvent(['lifecycle'], () => {})
       for (let i = 0; i < 6; i += 1) libvirt.openReadOnly(uri)
       parentPort.postMessage('ready')`,
      daemon.uri,
    )
    await once(worker, 'message')
    await daemon.connected(6)
    const startedAt = performance.now()
    await worker.terminate()

    expect(performance.now() - startedAt).toBeLessThan(1_000)
    expect(activity().callsOut).toBe(6)
  })
})

describe('the binding in several environments', () => {
  it('outlives the one worker thread that loaded it while a call of that worker hangs', async () => {
    const daemon = await silentDaemon()
    const end = await processWith(
      `const { Worker } = require('node:worker_threads')
       const [uri] = process.argv.slice(1)
       const worker = new Worker(
         'import(${JSON.stringify(bindingFile)}).then(({ openReadOnly, activity }) => {' +
           'openReadOnly(require("node:worker_threads").workerData);' +
           'require("node:worker_threads").parentPort.postMessage(activity().callsOut) })',
         { eval: true, workerData: uri },
       )
       await new Promise((resolve) => worker.once('message', resolve))
       await worker.terminate()
       const { activity } = await import(${JSON.stringify(bindingFile)})
       process.exitCode = activity().callsOut === 1 ? 7 : 1
       process.stdout.write('ready')`,
      daemon.uri,
      'node:os',
    )
    await daemon.close()

    expect(end).toMatchObject({ code: 7, signal: null })
  })

  it('keeps a process alive for calls that are out and not for an open connection', async () => {
    const end = await processWith(
      `process.stdout.write('ready')
       const connection = await libvirt.openReadOnly('test:///default')
       await connection.onClose(() => {})
       const { names } = await connection.listDomains(0)
       process.exitCode = names.length === 1 ? 7 : 1`,
      '',
    )

    expect(end).toMatchObject({ code: 7, signal: null })
  })

  it('closes the connections that a worker thread leaves behind', async () => {
    const workers = Array.from({ length: 8 }, () =>
      workerWith(
        `for (let i = 0; i < 3; i += 1) {
           const connection = await libvirt.openReadOnly('test:///default')
           await connection.onDomainEvent(['lifecycle'], () => {})
           await connection.listDomains(0)
         }
         parentPort.postMessage(libvirt.activity().connections)`,
        '',
      ),
    )
    const open = await Promise.all(workers.map((worker) => once(worker, 'message')))
    expect(Math.max(...open.flat().map(Number))).toBeGreaterThanOrEqual(3)
    await Promise.all(workers.map((worker) => worker.terminate()))

    await vi.waitFor(() => {
      expect(activity()).toMatchObject({ callsOut: 0, connections: 0 })
    })
  })

  it('survives workers that are terminated in the middle of their calls', async () => {
    const busy = `const work = async () => {
         const connection = await libvirt.openReadOnly('test:///default')
         await connection.onDomainEvent(['lifecycle'], () => {})
         await Promise.all(Array.from({ length: 20 }, () => connection.allDomainStats(0, 0)))
         await connection.close()
         await work()
       }
       work(); work(); parentPort.postMessage('busy')`
    for (let round = 0; round < 20; round += 1) {
      const worker = workerWith(busy, '')
      await once(worker, 'message')
      for (let turn = 0; turn < round; turn += 1) await new Promise(setImmediate)
      await worker.terminate()
    }

    await vi.waitFor(() => {
      expect(activity()).toMatchObject({ callsOut: 0, connections: 0 })
    })
  })
})
