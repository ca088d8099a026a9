import { describe, expect, it } from 'vitest'
import { fakeBinding, FakeLibvirtError, never, statsColumns } from '../support/fake-binding.js'
import { bindingContract, db, old, web } from './binding.contract.js'

const nowait = 0x20000000
const zeroBlocks = { readRequests: 0n, readBytes: 0n, writeRequests: 0n, writeBytes: 0n, errors: -1n }
const zeroVnic = {
  ...{ rxBytes: 0n, rxPackets: 0n, rxErrors: 0n, rxDrops: -1n },
  ...{ txBytes: 0n, txPackets: 0n, txErrors: 0n, txDrops: -1n },
}

const threeDomains = () =>
  fakeBinding({
    uris: ['fake:///three'],
    nodeInfo: {
      ...{ model: 'i986', memoryKiB: 8192000n, cpus: 50, mhz: 6000 },
      ...{ nodes: 4, sockets: 4, cores: 4, threads: 2 },
    },
    domains: [
      {
        uuid: web,
        name: 'web',
        id: 1,
        reason: 0,
        stats: 'state.state=1\nstate.reason=0\ncpu.time=99\nballoon.current=262144',
        info: { state: 1, maxMemoryKiB: 524288n, memoryKiB: 262144n, vcpus: 2, cpuTimeNs: 99n },
        memory: { 6: 262144n },
        blocks: { vda: zeroBlocks },
        blockInfos: { vda: { capacity: 10n, allocation: 10n, physical: 10n } },
        interfaces: { 'tap-web': zeroVnic },
        metadata: { 'urn:example:note': '<note>\n  <text>grün</text>\n</note>' },
      },
      { uuid: db, name: 'db', id: 2, state: 3, reason: 0, stats: 'state.state=3\nballoon.current=1048576' },
      { uuid: old, name: 'old', id: -1, stats: 'state.state=5' },
    ],
  })

bindingContract('fake', threeDomains(), 'fake:///three')

describe('the fake binding', () => {
  const settled = async (promise: Promise<unknown>) => {
    const pending = Symbol('pending')
    await new Promise(setImmediate)
    return (await Promise.race([promise, Promise.resolve(pending)])) !== pending
  }

  it('plays a stuck domain: the first call hangs, NOWAIT then gives what needs no monitor', async () => {
    const binding = threeDomains()
    const connection = await binding.openReadOnly('fake:///three')
    binding.host.domains[0]!.stuck = true

    const first = connection.allDomainStats(0b111, nowait)
    expect(await settled(first)).toBe(false)
    const second = await connection.allDomainStats(0b111, nowait)
    expect(second.names).toEqual(['web', 'db', 'old'])
    expect([...second.field.subarray(0, second.rowStart[1])].map((field) => second.fields[field])).toEqual([
      'state.state',
      'state.reason',
      'cpu.time',
    ])
    expect(await settled(connection.memoryStats(web))).toBe(false)
    expect(await connection.domainState(web)).toEqual({ state: 1, reason: 0 })

    binding.host.unstick(web)
    expect((await first).fields).toContain('balloon.current')
  })

  it('lets a script hang and fail calls, and counts hung ones when closing', async () => {
    const binding = threeDomains()
    const connection = await binding.openReadOnly('fake:///three')
    binding.host.script = ({ method }) => {
      if (method === 'domainXml') return never()
      throw new FakeLibvirtError('virDomainGetInfo', 'internal error', { code: 1, domain: 10 })
    }

    const hung = connection.domainXml(web, 0)
    await expect(connection.domainInfo(web)).rejects.toMatchObject({ libvirtCode: 1 })
    expect(await settled(hung)).toBe(false)
    expect(await connection.close()).toBe(1)
  })

  it('ends connections and emits events as a daemon does', async () => {
    const binding = threeDomains()
    const connection = await binding.openReadOnly('fake:///three')
    const seen: unknown[] = []
    await connection.onClose((reason) => seen.push(reason))
    await connection.onDomainEvent(['lifecycle'], ({ name }) => seen.push(name))

    binding.host.emit({ kind: 'lifecycle', uuid: web, name: 'web', event: 5, detail: 1, subject: '' })
    binding.host.emit({ kind: 'device-added', uuid: web, name: 'web', event: -1, detail: -1, subject: 'x' })
    binding.host.endConnections(1)

    expect(seen).toEqual(['web', 1])
    await expect(connection.hostname()).rejects.toMatchObject({ libvirtCode: 1, libvirtDomain: 7 })
  })
})

describe('statsColumns', () => {
  it('reads what virsh domstats prints, with the types libvirt gives', () => {
    const columns = statsColumns(
      "Domain: 'a'\n  state.state=1\n  vcpu.0.halted=yes\n  net.0.name=tap 0=x\n  net.0.rx.drop=-1\n" +
        "  block.0.wr.bytes=18446744073709551615\n\nDomain: 'b'\n  net.0.name=tap1\n",
      { b: { uuid: db, id: 7 } },
    )

    expect(columns.names).toEqual(['a', 'b'])
    expect(columns.uuids[1]).toBe(db)
    expect([...columns.ids]).toEqual([1, 7])
    expect([...columns.rowStart]).toEqual([0, 5, 6])
    expect(columns.fields).toHaveLength(5)
    expect([...columns.type]).toEqual([1, 6, 7, 3, 4, 7])
    expect([...columns.value]).toEqual([1n, 1n, 0n, 2n ** 64n - 1n, 2n ** 64n - 1n, 1n])
    expect(columns.strings).toEqual(['tap 0=x', 'tap1'])
  })
})
