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
})
