import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { loadPollsters } from '../../../src/pollster/load.js'
import {
  add,
  type DomainLook,
  type Instance,
  type Missing,
  type Reading,
  type Volume,
} from '../../../src/pollster/index.js'
import {
  aContext,
  aDescription,
  aLook,
  aMemory,
  anInstance,
  aVnicDescription,
  diskStats,
  ok,
  vnicStats,
} from '../../support/instances.js'

const pollsters = await loadPollsters({ files: [] })

type Given = Partial<Reading & Missing>

/** What a meter gives for one look after the other, with one memory. */
async function pollEach(
  meter: string,
  looks: readonly DomainLook[],
  instance: Instance = anInstance(),
): Promise<readonly (readonly Given[])[]> {
  const pollster = pollsters.find((each) => each.meter === meter)!
  const memory = aMemory()
  const given = []
  for (const look of looks) given.push(await pollster.poll(instance, aContext({ look: ok(look), memory })))
  return given
}

const at = (seconds: number, fields: Partial<DomainLook> = {}): DomainLook =>
  aLook({ takenAt: { wallMs: 0, monotonicSeconds: seconds }, ...fields })

const received = (seconds: number, rxBytes: Volume | undefined, fields: Partial<DomainLook> = {}) =>
  at(seconds, { vnics: [vnicStats({ rxBytes })], ...fields })

const said = (outcomes: readonly (readonly Given[])[]) =>
  outcomes.map(([outcome]) => outcome?.volume ?? outcome?.reason)

describe('a delta', () => {
  const deltas = async (...looks: DomainLook[]) => said(await pollEach('network.incoming.bytes.delta', looks))

  it('is 0 at first sight, then the change', async () => {
    expect(await deltas(received(0, 1000), received(10, 1500), received(20, 1500))).toEqual([0, 500, 0])
  })

  it('is the new figure after a reset', async () => {
    expect(await deltas(received(0, 1000), received(10, 300))).toEqual([0, 300])
  })

  it('is the new figure after a new start of the domain, even when that is larger', async () => {
    expect(await deltas(received(0, 1000), received(10, 5000, { epoch: '2' }))).toEqual([0, 5000])
  })

  it('is the new figure when another device stands in for the old one', async () => {
    const replaced = aVnicDescription({ device: 'tap2' })
    const instance = (description = aVnicDescription()) =>
      anInstance({ description: aDescription({ vnics: [description] }) })
    const memory = aMemory()
    const pollster = pollsters.find(({ meter }) => meter === 'network.incoming.bytes.delta')!
    await pollster.poll(instance(), aContext({ look: ok(received(0, 1000)), memory }))
    const look = at(10, { vnics: [vnicStats({ description: replaced, rxBytes: 1200 })] })
    const [outcome] = await pollster.poll(instance(replaced), aContext({ look: ok(look), memory }))
    expect(outcome).toMatchObject({ volume: 1200 })
  })

  it('spans a look that had no figure', async () => {
    expect(await deltas(received(0, 1000), received(10, undefined), received(20, 1700))).toEqual([
      0,
      'no-data',
      700,
    ])
  })

  it('is exact beyond 2^53', async () => {
    const base = 2n ** 60n
    expect(await deltas(received(0, base + 1n), received(10, base + 3n))).toEqual([0, 2])
  })

  it('is apart for two vNICs that share a filter', async () => {
    const descriptions = ['01', '02'].map((end) =>
      aVnicDescription({ device: `tap${end}`, mac: `fa:16:3e:00:00:${end}`, filter: 'shared' }),
    )
    const instance = anInstance({ description: aDescription({ vnics: descriptions }) })
    const look = (seconds: number, ...figures: number[]) =>
      at(seconds, {
        vnics: figures.map((rxBytes, index) => vnicStats({ description: descriptions[index]!, rxBytes })),
      })
    const [, second] = await pollEach(
      'network.incoming.bytes.delta',
      [look(0, 100, 9000), look(10, 110, 9001)],
      instance,
    )
    expect(second!.map(({ volume, resourceId }) => [volume, resourceId])).toEqual([
      [10, 'shared'],
      [1, 'shared'],
    ])
  })

  it('is never negative, and all deltas together are what was counted since first sight', async () => {
    const step = fc.record({ grown: fc.bigInt({ min: 0n, max: 2n ** 62n }), restarted: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        let counter = 0n
        let counted = 0n
        let epoch = 1
        const looks = steps.map(({ grown, restarted }, index) => {
          if (restarted) epoch += 1
          counter = (restarted ? 0n : counter) + grown
          if (index > 0) counted += grown
          return received(index, counter, { epoch: String(epoch) })
        })
        const given = (await deltas(...looks)) as Volume[]
        expect(given.every((delta) => delta >= 0)).toBe(true)
        expect(BigInt(given.reduce((sum, delta) => add(sum, delta), 0))).toBe(counted)
      }),
    )
  })
})

describe('a rate', () => {
  const rates = async (...looks: DomainLook[]) => said(await pollEach('network.incoming.bytes.rate', looks))

  it('needs two looks, and goes by the measured time between them', async () => {
    expect(await rates(received(100, 1000), received(104, 1500))).toEqual(['needs-two-looks', 125])
  })

  it('needs two looks again after a reset or a new start', async () => {
    expect(await rates(received(0, 1000), received(10, 300), received(20, 400))).toEqual([
      'needs-two-looks',
      'needs-two-looks',
      10,
    ])
    expect(await rates(received(0, 1000), received(10, 5000, { epoch: '2' }))).toEqual([
      'needs-two-looks',
      'needs-two-looks',
    ])
  })

  it('spans a look that had no figure', async () => {
    expect(await rates(received(0, 0), received(10, undefined), received(20, 100))).toEqual([
      'needs-two-looks',
      'no-data',
      5,
    ])
  })

  it('does not exist between two looks of the same moment', async () => {
    expect(await rates(received(5, 0), received(5, 100))).toEqual(['needs-two-looks', 'needs-two-looks'])
  })

  it('is finite and never negative, whatever the counters do', async () => {
    const look = fc.record({ figure: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), seconds: fc.nat(1000) })
    await fc.assert(
      fc.asyncProperty(fc.array(look, { maxLength: 10 }), async (looks) => {
        const given = await rates(...looks.map(({ figure, seconds }) => received(seconds, figure)))
        for (const rate of given)
          if (rate !== 'needs-two-looks') expect(Number.isFinite(rate) && Number(rate) >= 0).toBe(true)
      }),
    )
  })
})

describe('cpu_util', () => {
  const util = async (...looks: DomainLook[]) => said(await pollEach('cpu_util', looks))

  it('is the share of the vCPUs that was used', async () => {
    const looks = [at(0, { cpuRunNs: 0 }), at(10, { cpuRunNs: 5_000_000_000 })]
    expect(await util(...looks)).toEqual(['needs-two-looks', 25])
  })

  it('is not cut off where the counters were read a moment late', async () => {
    expect(await util(at(0, { cpuRunNs: 0 }), at(10, { cpuRunNs: 20_200_000_000 }))).toEqual([
      'needs-two-looks',
      101,
    ])
  })

  it('starts anew when the number of vCPUs changes, as the counter is a sum over them', async () => {
    expect(await util(at(0, { cpuRunNs: 0 }), at(10, { cpuRunNs: 90_000_000_000, vcpus: 4 }))).toEqual([
      'needs-two-looks',
      'needs-two-looks',
    ])
  })

  it('is missing while the number of vCPUs is not known', async () => {
    const looks = [0, 10].map((seconds) => at(seconds, { cpuRunNs: seconds, vcpus: undefined }))
    expect(await util(...looks)).toEqual(['needs-two-looks', 'no-data'])
  })
})

describe('disk rates', () => {
  const disks = (seconds: number, made: number, spentNs: number) =>
    at(seconds, {
      disks: [
        diskStats({ readRequests: made, writeRequests: made, readTimeNs: spentNs, writeTimeNs: 2 * spentNs }),
      ],
    })

  it('count requests of both directions a second', async () => {
    const given = await pollEach('disk.device.iops', [disks(0, 10, 0), disks(4, 20, 0)])
    expect(said(given)).toEqual(['needs-two-looks', 5])
  })

  it('give the mean time of a request in milliseconds', async () => {
    const given = await pollEach('disk.device.latency', [disks(0, 0, 0), disks(4, 3, 4_000_000)])
    expect(said(given)).toEqual(['needs-two-looks', 2])
  })

  it('give no mean when there was no request', async () => {
    const given = await pollEach('disk.device.latency', [
      disks(0, 5, 0),
      disks(4, 5, 0),
      disks(8, 6, 6_000_000),
    ])
    expect(said(given)).toEqual(['needs-two-looks', 'no-data', 9])
  })
})
