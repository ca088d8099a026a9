import { setTimeout as after } from 'node:timers/promises'
import { afterAll, afterEach, expect, test } from 'vitest'
import { domainXml, novaMetadata, type DomainSpec } from '../support/domain-xml.js'
import { openLab, qemuPid, type StartAs } from '../support/lab.js'
import { domstats, virsh } from '../support/virsh.js'

const lab = openLab()

afterEach(() => lab.removeDomains())
afterAll(() => lab.service('libvirtd', 'start'))

interface Variant {
  readonly what: string
  readonly spec: Omit<DomainSpec, 'number'>
  readonly start?: StartAs
  /** Fields of domstats that show it. */
  readonly shows: Readonly<Record<string, string | undefined>>
  /** What its XML must say. */
  readonly says?: RegExp
}

const variants: readonly Variant[] = [
  { what: 'without a disk', spec: { disks: [] }, shows: { 'block.count': '0' } },
  {
    what: 'with two disks, an empty and a loaded drive',
    spec: {
      disks: [
        { target: 'vda' },
        { target: 'vdb', format: 'raw' },
        { target: 'hda', device: 'cdrom', path: null },
        { target: 'hdb', device: 'cdrom' },
      ],
    },
    shows: { 'block.count': '4', 'block.1.name': 'vdb', 'block.2.path': undefined, 'block.3.name': 'hdb' },
  },
  {
    what: 'with two vNICs',
    spec: { vnics: [{}, { tap: 'tapsecond' }] },
    shows: { 'net.count': '2', 'net.1.name': 'tapsecond' },
  },
  { what: 'without a vNIC', spec: { vnics: [] }, shows: { 'net.count': '0' } },
  {
    what: 'without a balloon',
    spec: { balloonPeriodSeconds: null },
    shows: { 'balloon.last-update': undefined },
  },
  {
    what: 'with two of four vCPUs online',
    spec: { vcpus: 4, vcpusOnline: 2 },
    shows: { 'vcpu.current': '2', 'vcpu.maximum': '4' },
  },
  {
    what: 'of an older Nova, booted from a volume',
    spec: { metadata: novaMetadata({ version: '1.0', root: 'volume' }) },
    shows: { 'state.state': '3' },
    says: /libvirt\/nova\/1\.0/,
  },
  { what: 'that Nova does not know', spec: { metadata: '', name: 'foreign' }, shows: { 'state.state': '3' } },
  { what: 'that is shut off', spec: {}, start: 'defined', shows: { 'state.state': '5' } },
  {
    what: 'with a network filter and its parameters',
    spec: { vnics: [{ filterref: { name: 'no-mac-spoofing', parameters: { projmask: '255.255.255.0' } } }] },
    start: 'defined',
    shows: { 'state.state': '5' },
    says: /<parameter name='projmask' value='255.255.255.0'\/>/,
  },
]

test.each(variants)('libvirt takes a domain $what', async ({ spec, start, shows, says }) => {
  const domain = await lab.createDomain({ number: 7, ...spec }, start ?? 'paused')
  const stats = await domstats(domain.name)
  for (const [field, value] of Object.entries(shows))
    expect([field, stats.get(field)]).toEqual([field, value])
  expect(await virsh(['dumpxml', domain.name])).toMatch(says ?? new RegExp(`<uuid>${domain.uuid}</uuid>`))
})

test('the XML of a domain depends on its spec alone', () => {
  expect(domainXml({ number: 7 })).toBe(domainXml({ number: 7 }))
  expect(domainXml({ number: 7 })).not.toBe(domainXml({ number: 8 }))
})

test('a removed domain is gone, and can be made again', async () => {
  const first = await lab.createDomain({ number: 7 }, 'paused')
  await first.remove()
  await first.remove()
  expect(await virsh(['list', '--all', '--name'])).not.toContain(first.name)
  const second = await lab.createDomain({ number: 7 }, 'paused')
  expect(await virsh(['list', '--all', '--name'])).toContain(second.name)
})

test('a stopped QEMU is a stuck domain, and a continued one heals', async () => {
  const domain = await lab.createDomain({ number: 7 }, 'paused')
  process.kill(qemuPid(domain), 'SIGSTOP')
  const answer = virsh(['dommemstat', domain.name])
  expect(await Promise.race([answer, after(1000, 'stuck')])).toBe('stuck')
  process.kill(qemuPid(domain), 'SIGCONT')
  expect(await answer).toContain('actual')
})

test('guests outlive a libvirtd that is killed and started again', async () => {
  const domain = await lab.createDomain({ number: 7 }, 'paused')
  const pids = [await lab.servicePid('libvirtd'), qemuPid(domain)]
  await lab.service('libvirtd', 'kill')
  await expect(virsh(['list'])).rejects.toThrow('failed to connect')
  await lab.service('libvirtd', 'start')
  expect(await virsh(['domstate', domain.name])).toBe('paused\n')
  expect(qemuPid(domain)).toBe(pids[1])
  expect(await lab.servicePid('libvirtd')).not.toBe(pids[0])
})
