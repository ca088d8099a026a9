import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { DomainSpec } from '../support/domain-xml.js'
import { guestBoot, guestReady, openLab, type LabDomain, type StartAs } from '../support/lab.js'
import { virsh } from '../support/virsh.js'
import {
  parseSamples,
  virshTable,
  virshVolumes,
  volumesOf,
  type Exact,
  type Volumes,
  type WireSample,
} from '../support/virsh-volumes.js'
import { builtMain, folderOf, removeFolders, runProgram, runVirtpoll } from '../support/virtpoll.js'
import { waitFor } from '../support/wait-for.js'

const lab = openLab()
const filter = 'virtpoll-lab'
const filterXml = `<filter name='${filter}' chain='root'>
  <rule action='accept' direction='inout' priority='500'><all/></rule>
</filter>`

const twoOfEach: Omit<DomainSpec, 'number'> = {
  vcpus: 4,
  vcpusOnline: 2,
  disks: [
    { target: 'vda' },
    { target: 'vdb', format: 'raw' },
    { target: 'hda', device: 'cdrom', path: null },
    { target: 'hdb', device: 'cdrom' },
  ],
  vnics: [{}, {}],
}

const guests: Readonly<Record<string, readonly [Omit<DomainSpec, 'number'>, StartAs]>> = {
  plain: [{}, 'paused'],
  'with two of four vCPUs, two disks, a loaded and an empty drive and two vNICs': [twoOfEach, 'paused'],
  'without balloon': [{ balloonPeriodSeconds: null }, 'paused'],
  'without disk and vNIC': [{ disks: [], vnics: [] }, 'paused'],
  'with a network filter': [
    { vnics: [{ filterref: { name: filter, parameters: { PROJMASK: '255.255.255.0' } } }] },
    'paused',
  ],
  'shut off': [{}, 'defined'],
  'that Nova does not know': [{ metadata: '', name: 'foreign' }, 'paused'],
}
const kinds = Object.keys(guests)
const polled = kinds.filter(
  (kind) => guests[kind]![1] === 'paused' && guests[kind]![0].metadata === undefined,
)

const domains = new Map<string, LabDomain>()
const domainOf = (kind: string): LabDomain => domains.get(kind)!

beforeAll(async () => {
  const folder = await folderOf({ 'filter.xml': filterXml })
  await virsh(['nwfilter-define', `${folder}/filter.xml`])
  for (const [index, kind] of kinds.entries()) {
    const [spec, start] = guests[kind]!
    domains.set(kind, await lab.createDomain({ number: 0x100 + index, ...spec }, start))
  }
})
afterAll(async () => {
  await lab.removeDomains()
  await virsh(['nwfilter-undefine', filter])
  await removeFolders()
})

/** `poll-once`, which must end well. */
async function poll(...args: readonly string[]): Promise<{ samples: WireSample[]; stderr: string }> {
  const { code, stdout, stderr } = await runVirtpoll(['poll-once', '--format', 'jsonl', ...args])
  expect([code, stderr]).toEqual([0, expect.anything()])
  return { samples: parseSamples(stdout), stderr }
}

/** The flavor's sizes: figures of Nova's, so virsh has none to compare them with. */
const flavorVolumes = ({ uuid }: LabDomain): [string, Exact][] => [
  [`disk.root.size ${uuid}`, 1n],
  [`disk.ephemeral.size ${uuid}`, 0n],
]

const isOf =
  ({ uuid }: LabDomain) =>
  ({ resource_metadata: metadata }: WireSample): boolean =>
    metadata['instance_id'] === uuid

/** Polls between two readings of virsh until the readings are the same, and gives those and the poll's volumes. */
async function pollSteady(domain: LabDomain): Promise<{ before: Volumes; polled: Volumes }> {
  return waitFor(`the figures of ${domain.name} stand still while it is polled`, async () => {
    const before = await virshVolumes(domain)
    const { samples } = await poll('--meter', '*', '--instance', domain.uuid)
    const after = await virshVolumes(domain)
    return same(before, after) && { before, polled: volumesOf(samples) }
  })
}

const same = (one: Volumes, other: Volumes): boolean =>
  one.size === other.size && [...one].every(([key, volume]) => other.get(key) === volume)

const sorted = (volumes: Iterable<[string, Exact]>): [string, Exact][] =>
  [...volumes].sort(([one], [other]) => (one < other ? -1 : 1))

describe('a paused guest', () => {
  test.each(polled)('%s has exactly the samples and volumes that virsh prints', async (kind) => {
    const domain = domainOf(kind)
    const { before, polled } = await pollSteady(domain)
    expect(sorted(polled)).toEqual(sorted([...before, ...flavorVolumes(domain)]))
  })
})

describe('the metadata of a sample', () => {
  const meters = ['--meter', 'network.incoming.bytes', '--meter', 'disk.device.usage', '--meter', 'cpu']

  test('names the disk and the vNIC as virsh does', async () => {
    const domain = domainOf('with two of four vCPUs, two disks, a loaded and an empty drive and two vNICs')
    const { samples } = await poll(...meters, '--instance', domain.uuid)
    const disks = (await virshTable(['domblklist', domain.name])).filter(([, source]) => source !== '-')
    const vnics = await virshTable(['domiflist', domain.name])
    const of = (meter: string) => samples.filter(({ counter_name: name }) => name === meter)
    expect(of('disk.device.usage').map(({ resource_metadata: { disk_name: name } }) => name)).toEqual(
      disks.map(([target]) => target),
    )
    expect(of('network.incoming.bytes').map(({ resource_metadata: metadata }) => metadata)).toMatchObject(
      vnics.map(([tap, , bridge, , mac]) => ({
        ...{ name: tap, vnic_name: tap, mac, fref: null },
        parameters: { interfaceid: null, bridge },
      })),
    )
    expect(of('cpu')[0]!.resource_metadata).toMatchObject({ cpu_number: 2, name: domain.name })
  })

  test('names the network filter and its parameters', async () => {
    const { samples } = await poll(...meters, '--instance', domainOf('with a network filter').uuid)
    const [vnic] = samples.filter(({ counter_name: name }) => name.startsWith('network.'))
    expect(vnic).toMatchObject({
      resource_id: filter,
      resource_metadata: {
        ...{ fref: filter, vnic_name: filter, name: domainOf('with a network filter').taps[0] },
        parameters: { projmask: '255.255.255.0', interfaceid: null, bridge: 'br-lab' },
      },
    })
  })
})

/** Gauges that go up and down while a guest runs. */
const moves = /^(memory\.(usage|resident)|disk\.device\.(allocation|usage)) /

describe('a booted guest with balloon, disk and network drivers and traffic', () => {
  let booted: LabDomain

  beforeAll(async () => {
    const twoOfBoth = { disks: [{ target: 'vda' }, { target: 'vdb' }], vnics: [{}, {}] }
    booted = await lab.createDomain({ number: 0x200, boot: guestBoot(), ...twoOfBoth })
    await guestReady(booted)
    await waitFor('its traffic shows', async () => {
      const volumes = await virshVolumes(booted)
      return [...volumes].every(
        ([key, volume]) => !/(read|write|network\.\w+)\.bytes /.test(key) || volume > 0,
      )
    })
  })

  test('has counters between two readings of virsh, and gauges equal to them', async () => {
    const before = await virshVolumes(booted)
    const { samples } = await poll('--meter', '*', '--instance', booted.uuid)
    const after = await virshVolumes(booted)
    const volumes = volumesOf(samples)
    expect([...volumes.keys()].sort()).toEqual(
      [...after.keys(), ...flavorVolumes(booted).map(([key]) => key)].sort(),
    )
    for (const [key, least] of before) {
      if (moves.test(key)) continue
      const volume = volumes.get(key)!
      expect([key, volume >= least, volume <= after.get(key)!]).toEqual([key, true, true])
    }
    expect(samples.every(isOf(booted))).toBe(true)
  })

  test('has exactly the samples and volumes that virsh prints while it is suspended', async () => {
    await virsh(['suspend', booted.name])
    const { before, polled } = await pollSteady(booted)
    await virsh(['resume', booted.name])
    expect(sorted(polled)).toEqual(sorted([...before, ...flavorVolumes(booted)]))
    expect(polled.get(`memory.usage ${booted.uuid}`)).toBeGreaterThan(0)
  })

  test('gives every meter of the original but those that need hardware counters', async () => {
    const { stdout } = await runVirtpoll(['meters', '--format', 'json'])
    const meters = (JSON.parse(stdout) as { meter: string; computed: boolean; needs: string[] }[])
      .filter(({ computed, needs }) => !computed && !needs.includes('perf'))
      .map(({ meter }) => meter)
    const { samples, stderr } = await poll('--meter', '*', '--instance', booted.uuid)
    expect([...new Set(samples.map(({ counter_name: name }) => name))].sort()).toEqual(meters.sort())
    expect(stderr).toMatch(/^7 figures missing:\n( {2}\S+: no-data, the perf event .*\n){7}1 domain left out/)
  })

  test('prints integers as integers and floats as floats', async () => {
    const { stdout } = await runVirtpoll(['poll-once', '--meter', '*', '--format', 'jsonl'])
    for (const line of stdout.trimEnd().split('\n')) {
      const [, meter = '', volume] = /"counter_name":"([^"]+)".*"counter_volume":([^,]+),/.exec(line) ?? []
      expect([meter, volume]).toEqual([
        meter,
        expect.stringMatching(meter.startsWith('memory') ? /^\d+\.\d+$/ : /^\d+$/),
      ])
    }
  })

  test('with --over has cpu_util, rates, iops and latency of what it did meanwhile', async () => {
    const seconds = 3
    const before = await virshVolumes(booted)
    const rates = ['network.incoming.bytes.rate', 'network.outgoing.bytes.rate']
    const computed = ['cpu_util', ...rates, 'disk.device.iops', 'disk.device.latency']
    const meters = computed.flatMap((meter) => ['--meter', meter])
    const { samples } = await poll(...meters, '--over', String(seconds), '--instance', booted.uuid)
    const after = await virshVolumes(booted)
    const moved = (...keys: readonly string[]): number =>
      keys.reduce((sum, key) => sum + Number(after.get(key)) - Number(before.get(key)), 0)
    const vnic = (tap: string) => `${booted.name}-${booted.uuid}-${tap}`
    const disk = (target: string) => `${booted.uuid}-${target}`
    const most = new Map([
      [`cpu_util ${booted.uuid}`, (100 * moved(`cpu ${booted.uuid}`)) / seconds / 1e9],
      ...booted.taps.flatMap((tap): [string, number][] => [
        [`network.incoming.bytes.rate ${vnic(tap)}`, moved(`network.incoming.bytes ${vnic(tap)}`) / seconds],
        [`network.outgoing.bytes.rate ${vnic(tap)}`, moved(`network.outgoing.bytes ${vnic(tap)}`) / seconds],
      ]),
      ...['vda', 'vdb'].flatMap((target): [string, number][] => {
        const requests = ['read', 'write'].map((way) => `disk.device.${way}.requests ${disk(target)}`)
        const times = ['read', 'write'].map((way) => `disk.device.${way}.latency ${disk(target)}`)
        return [
          [`disk.device.iops ${disk(target)}`, moved(...requests) / seconds],
          [`disk.device.latency ${disk(target)}`, moved(...times) / 1e6],
        ]
      }),
    ])
    const volumes = volumesOf(samples)
    for (const [key, bound] of most) {
      // A disk that had no request in these seconds has no time of a request.
      const volume = volumes.get(key) ?? (key.startsWith('disk.device.latency') ? 0 : undefined)
      expect([key, typeof volume, volume! >= 0, volume! <= bound]).toEqual([key, 'number', true, true])
    }
    for (const meter of computed)
      expect([
        meter,
        [...volumes].some(([key, volume]) => key.startsWith(`${meter} `) && volume > 0),
      ]).toEqual([meter, true])
    expect([...volumes.keys()].filter((key) => !most.has(key))).toEqual([])
  })
})

describe('the whole host', () => {
  test('gives samples of all instances at once, says what it leaves out and why, and ends with 0', async () => {
    const { samples, stderr } = await poll('--meter', '*')
    const samplesOf = (domain: LabDomain) =>
      samples.filter(isOf(domain)).map(({ counter_name: meter }) => meter)
    for (const kind of polled) expect(samplesOf(domainOf(kind))).toContain('power.state')
    expect(samplesOf(domainOf('shut off'))).toEqual(['disk.root.size', 'disk.ephemeral.size'])
    expect(samplesOf(domainOf('that Nova does not know'))).toEqual([])
    const shutOff = domainOf('shut off').spec.number
    expect(stderr).toContain(`  cpu: shut-off, the domain is not running (vm-${shutOff})\n`)
    expect(stderr).toContain('1 domain left out that Nova does not manage; --unmanaged polls it too\n')
  })

  test('reaches a reader that is slower than poll-once whole', async () => {
    const command = `'${process.execPath}' '${builtMain}' poll-once --meter '*' --format jsonl`
    const { code, stdout } = await runProgram('bash', ['-o', 'pipefail', '-c', `${command} | (sleep 2; cat)`])
    expect(code).toBe(0)
    expect(stdout.length).toBeGreaterThan(100_000)
    expect(parseSamples(stdout)).toHaveLength((await poll('--meter', '*')).samples.length)
  })
})
