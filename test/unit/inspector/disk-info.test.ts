import { describe, expect, it } from 'vitest'
import { FakeLibvirtError } from '../../support/fake-binding.js'
import { domainXml, inspectorOf, lookAt, runningDomain } from '../../support/inspector.js'

const twoDisks = () => {
  const domain = runningDomain(1)
  const info = { capacity: 1000n, allocation: 200n, physical: 300n }
  return {
    ...domain,
    xml: domainXml({ ...domain, tap: 'tap1', disks: ['vda', 'vdb'] }),
    stats: `${domain.stats!}\nblock.1.name=vdb\nblock.1.rd.reqs=8`,
    blockInfos: { vda: info, vdb: { ...info, capacity: 2n ** 63n } },
  }
}

describe('disk sizes', () => {
  it('are those of virDomainGetBlockInfo, exactly, and not those of the bulk answer', async () => {
    const { cycle } = inspectorOf({ domains: [twoDisks()] })

    expect(lookAt(await cycle(), 'instance-1').disks).toMatchObject([
      { device: 'vda', readRequests: 1, capacityBytes: 1000, allocationBytes: 200, physicalBytes: 300 },
      { device: 'vdb', readRequests: 8, capacityBytes: 2n ** 63n, allocationBytes: 200, physicalBytes: 300 },
    ])
  })

  it('are not asked for and not given when no meter needs them', async () => {
    const { host, cycle } = inspectorOf({ domains: [twoDisks()] })

    const look = lookAt(await cycle(['block']), 'instance-1')

    expect(look.disks[0]).toMatchObject({ readRequests: 1, capacityBytes: undefined })
    expect(host.calls.some(({ method }) => method === 'blockInfo')).toBe(false)
  })

  it('are those of the bulk answer by the option, without a call for each disk', async () => {
    const { host, cycle } = inspectorOf({ domains: [twoDisks()] }, { diskInfo: 'bulk' })

    const look = lookAt(await cycle(['diskInfo']), 'instance-1')

    expect(look.disks[0]).toMatchObject({ device: 'vda', capacityBytes: 1 })
    expect(host.calls.some(({ method }) => method === 'blockInfo')).toBe(false)
  })

  it('of one disk that fails cost that disk only', async () => {
    const { cycle } = inspectorOf({
      domains: [twoDisks()],
      script: ({ method, call, args }) => {
        if (method === 'blockInfo' && args[0] === 'vda') {
          throw new FakeLibvirtError(call, 'cannot open the image', { code: 38, domain: 10 })
        }
        return undefined
      },
    })

    const look = lookAt(await cycle(), 'instance-1')

    expect(look.disks.map(({ capacityBytes }) => capacityBytes)).toEqual([undefined, 2n ** 63n])
    expect(look.disks.map(({ readRequests }) => readRequests)).toEqual([1, 8])
    expect(look.unread.get('diskInfo')?.reason).toBe('no-data')
  })

  it('of a domain that sticks at that very call cost that domain and one call', async () => {
    const { host, cycle, cycleFor, inspector } = inspectorOf({ domains: [twoDisks(), runningDomain(2)] })
    await cycle()
    host.script = ({ method, uuids }) => {
      for (const domain of host.domains) {
        if (method === 'blockInfo' && uuids.includes(domain.uuid)) domain.stuck = domain.name === 'instance-1'
      }
      return undefined
    }

    const looks = await cycleFor(10)

    expect(lookAt(looks, 'instance-1').unread.get('diskInfo')?.reason).toBe('stuck')
    expect(lookAt(looks, 'instance-1').disks[0]?.readRequests).toBe(1)
    expect(lookAt(looks, 'instance-2').disks[0]?.capacityBytes).toBe(1000)
    expect(inspector.hungCalls).toBe(1)
  })

  it('that cannot be read are told once with their text until they can be, whatever other cycles ask', async () => {
    const { host, cycle, heard } = inspectorOf({ domains: [twoDisks()] })
    const told = 'failed in part instance-1: blockInfo failed: virDomainGetBlockInfo: cannot open vda'
    let failing: readonly unknown[] = ['vda', 'vdb']
    host.script = ({ method, call, args }) => {
      if (method === 'blockInfo' && failing.includes(args[0]))
        throw new FakeLibvirtError(call, `cannot open ${String(args[0])}`, { code: 38, domain: 10 })
      return undefined
    }

    await cycle()
    await cycle(['cpu'])
    failing = ['vda']
    await cycle()
    expect(heard).toEqual(['connected', told])

    failing = []
    await cycle()
    failing = ['vda']
    await cycle()
    expect(heard).toEqual(['connected', told, told])
  })

  it('of a domain that is shut off and cannot be read are told once, too', async () => {
    const info = { state: 5, maxMemoryKiB: 2048n, memoryKiB: 1024n, vcpus: 2, cpuTimeNs: 0n }
    const { cycle, heard } = inspectorOf({
      domains: [runningDomain(1, { id: -1, stats: 'state.state=5', info })],
      script: ({ method, call }) => {
        if (method === 'blockInfo') throw new FakeLibvirtError(call, 'no pool', { code: 1, domain: 18 })
        return undefined
      },
    })

    await cycle(['diskInfo'], true)
    await cycle(['diskInfo'], true)

    expect(heard).toEqual([
      'connected',
      'failed in part instance-1: blockInfo failed: virDomainGetBlockInfo: no pool',
    ])
  })

  it.each([
    ['it is gone', { code: 42, domain: 10 }],
    ['it was stopped', { code: 55, domain: 10 }],
    ['the driver has none', { code: 84, domain: 10 }],
  ])('are missing without a word when %s', async (_why, numbers) => {
    const { cycle, heard } = inspectorOf({
      domains: [twoDisks()],
      script: ({ method, call }) => {
        if (method === 'blockInfo') throw new FakeLibvirtError(call, 'as it happens', numbers)
        return undefined
      },
    })

    const look = lookAt(await cycle(), 'instance-1')

    expect(look.unread.has('diskInfo')).toBe(true)
    expect(heard).toEqual(['connected'])
  })
})
