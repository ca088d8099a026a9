import { describe, expect, it } from 'vitest'
import { loadPollsters } from '../../../src/pollster/load.js'
import type { DomainLook, Instance, Missing, PollContext, Reading } from '../../../src/pollster/index.js'
import {
  aContext,
  aDescription,
  aLook,
  anInstance,
  aVnicDescription,
  diskStats,
  ok,
  uuidOf,
  vnicStats,
} from '../../support/instances.js'
import { computedMeters, originalMeters } from './meter-table.js'

const pollsters = await loadPollsters({ files: [] })
const uuid = uuidOf(1)

type Given = Partial<Reading & Missing>

async function poll(
  meter: string,
  given: { instance?: Instance; look?: DomainLook; context?: Partial<PollContext> } = {},
): Promise<readonly Given[]> {
  const { instance = anInstance(), look = aLook(), context = {} } = given
  const pollster = pollsters.find((each) => each.meter === meter)!
  return pollster.poll(instance, aContext({ look: ok(look), ...context }))
}

const volumes = (outcomes: readonly Given[]) => outcomes.map(({ volume }) => volume)
const reasons = (outcomes: readonly Given[]) => outcomes.map(({ reason }) => reason)

describe('the table of meters', () => {
  const rowOf = (name: string) => {
    const { meter, type, unit, number, per, computed } = pollsters.find((each) => each.meter === name)!
    return [meter, type, unit, number, per, computed]
  }

  it.each(originalMeters)('has %s as the original has it', (...row) => {
    expect(rowOf(row[0])).toEqual([...row, false])
  })

  it.each(computedMeters)('has %s as a computed meter', (...row) => {
    expect(rowOf(row[0])).toEqual([...row, true])
  })

  it('has no other meter', () => {
    const known = [...originalMeters, ...computedMeters].map(([meter]) => meter)
    expect(pollsters.map(({ meter }) => meter).sort()).toEqual(known.sort())
  })

  it('describes every meter in one line', () => {
    for (const { description } of pollsters) expect(description).toMatch(/^[^\n]{8,200}$/)
  })
})

describe('the figures of a complete look', () => {
  it.each([
    ['power.state', 1],
    ['cpu', 7_000_000_000],
    ['vcpus', 2],
    ['cpu_l3_cache', 15],
    ['memory', 512],
    ['memory.available', 500_000 / 1024],
    ['memory.usage', 390.625],
    ['memory.resident', 204_801 / 1024],
    ['memory.swap.in', 2],
    ['memory.swap.out', 1],
    ['memory.bandwidth.total', 16],
    ['memory.bandwidth.local', 17],
    ['perf.cpu.cycles', 11],
    ['perf.instructions', 12],
    ['perf.cache.references', 13],
    ['perf.cache.misses', 14],
    ['disk.device.read.requests', 100],
    ['disk.device.read.bytes', 4096],
    ['disk.device.write.requests', 50],
    ['disk.device.write.bytes', 2048],
    ['disk.device.read.latency', 2_000_000],
    ['disk.device.write.latency', 1_000_000],
    ['disk.device.capacity', 10_000],
    ['disk.device.allocation', 4000],
    ['disk.device.usage', 5000],
    ['disk.root.size', 7],
    ['disk.ephemeral.size', 3],
    ['network.incoming.bytes', 1000],
    ['network.incoming.packets', 10],
    ['network.incoming.packets.error', 1],
    ['network.incoming.packets.drop', 2],
    ['network.incoming.bytes.delta', 0],
    ['network.outgoing.bytes', 3000],
    ['network.outgoing.packets', 30],
    ['network.outgoing.packets.error', 3],
    ['network.outgoing.packets.drop', 4],
    ['network.outgoing.bytes.delta', 0],
  ])('give %s the volume %d', async (meter, volume) => {
    expect(volumes(await poll(meter))).toEqual([volume])
  })

  it('keep counters beyond 2^53 exact', async () => {
    const cpuNs = 2n ** 63n + 1n
    expect(volumes(await poll('cpu', { look: aLook({ cpuNs }) }))).toEqual([cpuNs])
    const disks = [diskStats({ readBytes: 2n ** 60n + 1n })]
    expect(volumes(await poll('disk.device.read.bytes', { look: aLook({ disks }) }))).toEqual([
      2n ** 60n + 1n,
    ])
  })
})

describe('resource ids and metadata', () => {
  it('name the number of vCPUs beside cpu', async () => {
    expect(await poll('cpu')).toEqual([
      { volume: 7_000_000_000, resourceId: uuid, metadata: { cpu_number: 2 } },
    ])
    const [reading] = await poll('cpu', { look: aLook({ vcpus: undefined }) })
    expect(reading!.metadata).toEqual({ cpu_number: null })
  })

  it('name a disk by instance and device, and leave out a drive without a medium', async () => {
    expect(await poll('disk.device.usage')).toEqual([
      { volume: 5000, resourceId: `${uuid}-vda`, metadata: { disk_name: 'vda' } },
    ])
  })

  it('name a vNIC by domain, instance and tap', async () => {
    expect(await poll('network.incoming.bytes')).toEqual([
      {
        volume: 1000,
        resourceId: `instance-00000001-${uuid}-tap1`,
        metadata: {
          name: 'tap1',
          mac: 'fa:16:3e:00:00:01',
          fref: null,
          parameters: { interfaceid: null, bridge: 'br0' },
          vnic_name: 'tap1',
        },
      },
    ])
  })

  it('name a vNIC with a network filter by the filter', async () => {
    const description = aVnicDescription({ filter: 'nova-instance-1', parameters: { ip: '10.0.0.2' } })
    const instance = anInstance({ description: aDescription({ vnics: [description] }) })
    const [reading] = await poll('network.incoming.bytes', {
      instance,
      look: aLook({ vnics: [vnicStats({ description })] }),
    })
    expect(reading).toMatchObject({
      resourceId: 'nova-instance-1',
      metadata: {
        name: 'tap1',
        fref: 'nova-instance-1',
        vnic_name: 'nova-instance-1',
        parameters: { ip: '10.0.0.2' },
      },
    })
  })
})

describe('missing figures', () => {
  const memory = (fields: Partial<DomainLook['memory']>) =>
    aLook({ memory: { ...aLook().memory, ...fields } })

  it('fall back from usable to unused memory', async () => {
    expect(volumes(await poll('memory.usage', { look: memory({ usableKiB: undefined }) }))).toEqual([
      450_000 / 1024,
    ])
    const neither = memory({ usableKiB: undefined, unusedKiB: undefined })
    expect(reasons(await poll('memory.usage', { look: neither }))).toEqual(['no-data'])
  })

  it.each([
    ['memory.swap.in', 'swapOutKiB'],
    ['memory.swap.out', 'swapInKiB'],
  ] as const)('leave out %s without the figure of the other direction', async (meter, other) => {
    expect(reasons(await poll(meter, { look: memory({ [other]: undefined }) }))).toEqual(['no-data'])
  })

  it('give the larger of capacity and physical size', async () => {
    const disks = [diskStats({ capacityBytes: 10, physicalBytes: 2n ** 60n })]
    expect(volumes(await poll('disk.device.capacity', { look: aLook({ disks }) }))).toEqual([2n ** 60n])
  })

  it('carry the reason why their statistics group could not be read', async () => {
    const unread = new Map([['balloon', { reason: 'stuck', detail: 'QEMU does not answer' }]] as const)
    const look = aLook({ unread, memory: { ...aLook().memory, rssKiB: undefined } })
    expect(await poll('memory.resident', { look })).toEqual([
      { resourceId: uuid, reason: 'stuck', detail: 'QEMU does not answer' },
    ])
  })

  it('say what to do about a perf event that is not enabled', async () => {
    const look = aLook({ perf: { ...aLook().perf, cmtBytes: undefined } })
    const [missing] = await poll('cpu_l3_cache', { look })
    expect(missing).toMatchObject({ reason: 'no-data' })
    expect(missing!.detail).toContain('cmt')
  })

  it('are one for each disk and vNIC of the XML when there is no look', async () => {
    const description = aDescription({
      disks: ['vda', 'vdb'].map((device) => ({ device, hasSource: true })),
      vnics: [],
    })
    const instance = anInstance({ description })
    const context = { look: { ok: false, reason: 'stuck', detail: 'late' } } as const
    expect(await poll('disk.device.usage', { instance, context })).toEqual(
      ['vda', 'vdb'].map((device) => ({ resourceId: `${uuid}-${device}`, reason: 'stuck', detail: 'late' })),
    )
    expect(await poll('network.incoming.bytes', { instance, context })).toEqual([])
    expect(reasons(await poll('cpu', { instance, context }))).toEqual(['stuck'])
  })

  it('are not-found for a device that went away between listing and look', async () => {
    expect(reasons(await poll('disk.device.usage', { look: aLook({ disks: [] }) }))).toEqual(['not-found'])
  })

  it('are sizes of the flavor only when there is no flavor', async () => {
    const context = { look: { ok: false, reason: 'shut-off', detail: '' } } as const
    expect(volumes(await poll('disk.root.size', { context }))).toEqual([7])
    const instance = anInstance({ flavor: null })
    expect(reasons(await poll('disk.ephemeral.size', { instance }))).toEqual(['unsupported'])
  })
})

describe('a domain that is not running', () => {
  const look = aLook({ shutOff: true, powerState: 5 })
  const stillThere = [
    ['power.state', 5],
    ['vcpus', 2],
    ['memory', 1024],
    ['disk.device.capacity', 10_000],
    ['disk.device.allocation', 4000],
    ['disk.device.usage', 5000],
    ['disk.root.size', 7],
    ['disk.ephemeral.size', 3],
  ] as const

  it.each(stillThere)('still has %s', async (meter, volume) => {
    expect(volumes(await poll(meter, { look }))).toEqual([volume])
  })

  const gone = pollsters
    .map(({ meter }) => meter)
    .filter((meter) => !stillThere.some(([name]) => name === meter))
  it.each(gone)('has no %s', async (meter) => {
    expect(reasons(await poll(meter, { look }))).toEqual(['shut-off'])
  })
})
