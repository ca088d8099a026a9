import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DomainLook, Inspector, StatsGroup } from '../../src/inspector/inspector.js'
import { loadBinding } from '../../src/inspector/libvirt/binding.js'
import { createLibvirtInspector } from '../../src/inspector/libvirt/libvirt-inspector.js'
import { systemClock } from '../../src/schedule/clock.js'
import { fakeBinding } from '../support/fake-binding.js'
import { domainXml, everyGroup, recordingObserver, runningDomain } from '../support/inspector.js'
import { dommemstat, domifstat, virsh } from '../support/virsh.js'

const options = { callTimeoutSeconds: 10, maxCalls: 4, diskInfo: 'exact', xmlRefreshSeconds: 300 } as const
const signal = AbortSignal.timeout(30_000)

/** libvirt's test driver, in process: it gives nothing but the state in bulk. */
async function testDriver(uri: string): Promise<Inspector> {
  const observer = recordingObserver()
  return createLibvirtInspector({
    binding: await loadBinding(),
    clock: systemClock,
    observer,
    options: { ...options, uri },
  })
}

const running = { uuid: '00000000-0000-4000-8000-000000000001', name: 'instance-1', tap: 'tap1' }
const stopped = { uuid: '00000000-0000-4000-8000-000000000002', name: 'instance-2', tap: 'tap2' }

/** The same two domains on both. */
const ways = [
  {
    way: 'in bulk',
    open: () => {
      const info = { state: 5, maxMemoryKiB: 2048n, memoryKiB: 1024n, vcpus: 2, cpuTimeNs: 0n }
      const domains = [
        runningDomain(1, { xml: domainXml(running) }),
        runningDomain(2, { ...stopped, id: -1, stats: 'state.state=5', xml: domainXml(stopped), info }),
      ]
      const observer = recordingObserver()
      const uri = 'qemu:///system'
      const deps = {
        binding: fakeBinding({ domains }),
        clock: systemClock,
        observer,
        options: { ...options, uri },
      }
      return Promise.resolve(createLibvirtInspector(deps))
    },
  },
  { way: 'domain by domain', open: () => testDriver(`test://${join(folder, 'node.xml')}`) },
]

/** What the test driver needs besides; runstate 5 is shut off. */
const nodeDomain = (domain: typeof running, state: number) =>
  domainXml(domain)
    .replace("type='kvm'", "type='test' xmlns:test='http://libvirt.org/schemas/domain/test/1.0'")
    .replace('<os>', `<test:runstate>${state}</test:runstate><memory>2048</memory><vcpu>2</vcpu><os>`)
    .replace(
      "<interface type='bridge'>",
      "<memballoon model='virtio'/><interface type='network'><source network='default'/>",
    )

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'virtpoll-inspector-'))
  const network = "<network><name>default</name><ip address='192.0.2.1' netmask='255.255.255.0'/></network>"
  const xml = `<node>${nodeDomain(running, 1)}${nodeDomain(stopped, 5)}${network}</node>`
  await writeFile(join(folder, 'node.xml'), xml)
})
afterAll(() => rm(folder, { recursive: true }))

async function lookAll(
  inspector: Inspector,
  reportStopped: boolean,
  groups: readonly StatsGroup[] = everyGroup,
) {
  const { domains } = await inspector.survey(signal)
  return inspector.inspect({ domains, groups: new Set(groups), reportStopped }, signal)
}

describe.each(ways)('an inspector that reads $way', ({ open }) => {
  it('lists both domains, the stopped one without an id', async () => {
    const inspector = await open()
    const { domains, unreadable } = await inspector.survey(signal)
    await inspector.close()

    const listed = [...domains].sort((a, b) => a.name.localeCompare(b.name))
    expect(listed.map(({ name, uuid, id, state }) => [name, uuid, id !== undefined, state])).toEqual([
      ['instance-1', running.uuid, true, 1],
      ['instance-2', stopped.uuid, false, 5],
    ])
    expect(unreadable).toEqual([])
  })

  it('gives a running domain figures of every family', async () => {
    const inspector = await open()
    const before = systemClock.now().monotonicSeconds
    const look = (await lookAll(inspector, false)).look(running.uuid)
    await inspector.close()

    if (!look.ok) throw new Error(look.detail)
    const integer = expect.toSatisfy(
      (value) => typeof value === 'bigint' || Number.isSafeInteger(value),
    ) as number
    expect(look.value).toMatchObject({
      shutOff: false,
      powerState: 1,
      cpuNs: integer,
      cpuRunNs: integer,
      vcpus: integer,
      memory: { actualKiB: integer, rssKiB: integer, maximumKiB: 2048 },
      disks: [{ device: 'vda', readRequests: integer, capacityBytes: integer, allocationBytes: integer }],
      vnics: [{ description: { device: 'tap1', mac: 'fa:16:3e:00:00:01' }, rxBytes: integer }],
    })
    expect(look.value.takenAt.monotonicSeconds).toBeGreaterThanOrEqual(before)
  })

  it('gives a stopped domain state, vCPUs and largest memory where stopped ones are reported', async () => {
    const inspector = await open()
    const look = (await lookAll(inspector, true)).look(stopped.uuid)
    await inspector.close()

    expect(look).toMatchObject({
      ok: true,
      value: { shutOff: true, powerState: 5, vcpus: 2, cpuNs: undefined, memory: { maximumKiB: 2048 } },
    })
  })

  it('says of a stopped domain that it is, and of an unknown one that it is gone', async () => {
    const inspector = await open()
    const inspection = await lookAll(inspector, false)
    await inspector.close()

    expect(inspection.look(stopped.uuid)).toMatchObject({ ok: false, reason: 'shut-off' })
    expect(inspection.look('11111111-1111-4111-8111-111111111111')).toMatchObject({
      ok: false,
      reason: 'not-found',
    })
  })
})

describe('what the test driver gives', () => {
  const uri = 'test:///default'
  let look: DomainLook
  let before: readonly ReadonlyMap<string, bigint>[]
  let after: readonly ReadonlyMap<string, bigint>[]
  const printed = async () => [await dommemstat('test', uri), await domifstat('test', 'testnet0', uri)]

  beforeAll(async () => {
    const inspector = await testDriver(uri)
    before = await printed()
    const { domains } = await inspector.survey(signal)
    const inspection = await inspector.inspect(
      { domains, groups: new Set(everyGroup), reportStopped: false },
      signal,
    )
    after = await printed()
    await inspector.close()
    const inspected = inspection.look(domains[0]!.uuid)
    if (!inspected.ok) throw new Error(inspected.detail)
    look = inspected.value
  })

  it.each([
    ['actualKiB', 'actual'],
    ['availableKiB', 'available'],
    ['usableKiB', 'usable'],
    ['unusedKiB', 'unused'],
    ['rssKiB', 'rss'],
    ['swapInKiB', 'swap_in'],
    ['swapOutKiB', 'swap_out'],
  ] as const)('is the %s that virsh dommemstat prints as %s', (ours, theirs) => {
    expect(BigInt(look.memory[ours]!)).toBe(before[0]!.get(theirs))
  })

  it.each([
    ['rxBytes', 'rx_bytes'],
    ['rxPackets', 'rx_packets'],
    ['rxErrors', 'rx_errs'],
    ['rxDrops', 'rx_drop'],
    ['txBytes', 'tx_bytes'],
    ['txPackets', 'tx_packets'],
    ['txErrors', 'tx_errs'],
    ['txDrops', 'tx_drop'],
  ] as const)('has the %s between two readings of %s by virsh domifstat', (ours, theirs) => {
    const figure = BigInt(look.vnics[0]![ours]!)
    expect(figure).toBeGreaterThanOrEqual(before[1]!.get(theirs)!)
    expect(figure).toBeLessThanOrEqual(after[1]!.get(theirs)!)
  })

  it('has the vCPUs and the largest memory that virsh dominfo prints', async () => {
    const info = await virsh(['dominfo', 'test'], uri)
    expect(info).toMatch(new RegExp(`CPU\\(s\\): +${look.vcpus!}\\n`))
    expect(info).toMatch(new RegExp(`Max memory: +${look.memory.maximumKiB!} KiB\\n`))
  })

  it('lacks perf events, which are unsupported and not an error', () => {
    expect(look.unread.get('perf')?.reason).toBe('unsupported')
  })
})
