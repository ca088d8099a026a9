import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import * as nodeLibvirt from '#node-libvirt'
import { dommemstat } from '../support/virsh.js'
import { endOf } from '../support/virtpoll.js'
import { bindingContract, web } from './binding.contract.js'

const fixture = fileURLToPath(new URL('../fixtures/libvirt/three-domains.xml', import.meta.url))
const threeDomains = `test://${fixture}`
const testDriver = 20

bindingContract('node-libvirt with the test driver', nodeLibvirt, threeDomains)

describe('node-libvirt', () => {
  it('gives the memory figures that virsh prints', async () => {
    const tags: Readonly<Record<string, number>> = { actual: 6, unused: 4, available: 5, usable: 8, rss: 7 }
    const connection = await nodeLibvirt.openReadOnly(threeDomains)
    const figures = await connection.memoryStats(web)
    await connection.close()

    const printed = [...(await dommemstat('web', threeDomains))].filter(([name]) => tags[name] !== undefined)
    expect(printed.length).toBeGreaterThanOrEqual(4)
    for (const [name, value] of printed) expect([name, figures.get(tags[name]!)]).toEqual([name, value])
  })

  it('keeps the numbers of an error: a call that the driver lacks', async () => {
    const connection = await nodeLibvirt.openReadOnly('test:///default')
    const [uuid] = (await connection.listDomains(0)).uuids

    await expect(connection.blockStatsParameters(uuid!, 'vda')).rejects.toMatchObject({
      name: 'LibvirtError',
      libvirtCode: 3,
      libvirtDomain: testDriver,
      libvirtLevel: 2,
      call: 'virDomainBlockStatsFlags',
    })
    expect(await connection.setKeepAlive(5, 3)).toBe(false)
    await connection.close()
  })

  it('keeps the errno of a socket that this user may not open', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'virtpoll-denied-'))
    const server = createServer()
    await new Promise<void>((listening) => server.listen(join(folder, 'socket'), listening))
    await chmod(folder, 0o755)
    await chmod(join(folder, 'socket'), 0)
    // a process of its own, because root may open every socket
    const child = spawn(process.execPath, [
      '-e',
      `import(process.argv[1]).then(async ({ versions, openReadOnly }) => {
         versions()
         if (process.getuid() === 0) process.setuid(65534)
         const error = await openReadOnly(process.argv[2]).catch((reason) => reason)
         console.log(error.libvirtCode, error.libvirtDomain, error.systemError)
       })`,
      fileURLToPath(new URL('../../native/lib/index.js', import.meta.url)),
      `qemu+unix:///system?socket=${join(folder, 'socket')}`,
    ])
    const { stdout, stderr } = await endOf(child)
    await new Promise((closed) => server.close(closed))
    await rm(folder, { recursive: true })

    expect([stdout, stderr]).toEqual(['38 7 13\n', ''])
  })

  it('says which call of the program failed in the stack of the error', async () => {
    const openNowhere = () => nodeLibvirt.openReadOnly('test:///nonexistent.xml')
    const error: unknown = await openNowhere().catch((reason: unknown) => reason)

    expect((error as Error).stack).toContain('openReadOnly')
  })

  it.each<[string, (open: nodeLibvirt.Connection) => Promise<unknown>]>([
    ['a negative mask', (open) => open.allDomainStats(-1, 0)],
    ['a mask over 32 bits', (open) => open.allDomainStats(2 ** 32, 0)],
    ['a fraction', (open) => open.listDomains(0.5)],
    ['a text with NUL', (open) => open.domainXml('a\0b', 0)],
    ['a number for a text', (open) => open.domainState(7 as unknown as string)],
    ['a text for a list', (open) => open.domainStats('x' as unknown as string[], 0, 0)],
    ['no listener', (open) => open.onClose(undefined as unknown as () => void)],
  ])('refuses %s with a TypeError', async (_what, call) => {
    const connection = await nodeLibvirt.openReadOnly('test:///default')

    await expect(call(connection)).rejects.toThrow(TypeError)
    await connection.close()
  })

  it('knows the versions of itself and of libvirt', () => {
    const { binding, libvirt, built } = nodeLibvirt.versions()

    expect(binding).toMatch(/^\d+\.\d+\.\d+$/)
    expect(libvirt).toBeGreaterThanOrEqual(built)
    expect(built).toBeGreaterThan(1_000_000)
  })

  it('leaves nothing behind when connections come and go', async () => {
    const openFiles = () => readdirSync('/proc/self/fd').length
    const once = async () => {
      const connection = await nodeLibvirt.openReadOnly('test:///default')
      await connection.onClose(() => undefined)
      await connection.onDomainEvent(['lifecycle', 'device-removed'], () => undefined)
      await connection.listDomains(0)
      return connection.close()
    }
    await once()
    const before = openFiles()
    const remaining = new Set<number>()
    for (let round = 0; round < 200; round += 1) remaining.add(await once())

    expect([...remaining]).toEqual([0])
    expect(nodeLibvirt.activity()).toMatchObject({ callsOut: 0, connections: 0 })
    expect(openFiles()).toBe(before)
  })

  it('runs many calls at once on few threads and reuses them', async () => {
    const connection = await nodeLibvirt.openReadOnly(threeDomains)
    for (let round = 0; round < 20; round += 1) {
      await Promise.all(Array.from({ length: 10 }, () => connection.allDomainStats(0, 0)))
    }

    expect(nodeLibvirt.activity().threads).toBeLessThanOrEqual(40)
    expect(await connection.close()).toBe(0)
  })
})
