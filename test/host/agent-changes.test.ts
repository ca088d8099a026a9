import { execFileSync } from 'node:child_process'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { readFile } from 'node:fs/promises'
import { removeAgents, startAgent, type Agent } from '../support/agent.js'
import { novaMetadata } from '../support/domain-xml.js'
import { openLab, type LabDomain } from '../support/lab.js'
import { virsh } from '../support/virsh.js'
import { parseSamples, type WireSample } from '../support/virsh-volumes.js'
import { folderOf, removeFolders } from '../support/virtpoll.js'
import { waitFor } from '../support/wait-for.js'

const lab = openLab()
const image = '/var/lib/libvirt/images/attached.qcow2'
let guest: LabDomain
let agent: Agent

beforeAll(async () => {
  guest = await lab.createDomain({ number: 0x901 }, 'paused')
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', image, '64M'])
  const meters = ['disk.device.capacity', 'network.incoming.bytes', 'power.state']
  agent = await startAgent({
    agent: {
      publisher: { driver: 'file', path: 'samples.jsonl' },
      discovery: { xml_refresh_seconds: 86400 },
    },
    polling: { sources: [{ name: 'changes', interval: 1, meters }] },
  })
})
afterAll(async () => {
  await removeAgents()
  await removeFolders()
  execFileSync('rm', ['-f', image])
  await lab.removeDomains()
})
afterEach(() => {
  expect(agent.complaints()).toEqual([])
})

/** The samples of the next cycle that begins after this call, as they were published. */
async function nextSamples(): Promise<WireSample[]> {
  const fresh = await agent.freshCycle()
  const cycles = agent.cycles()
  const end = cycles.slice(0, cycles.indexOf(fresh) + 1).reduce((sum, { samples }) => sum + samples, 0)
  // A cycle is over when its samples are in the outbox; they are published after that.
  return waitFor('its samples are published', async () => {
    const published = parseSamples(await readFile(`${agent.folder}/samples.jsonl`, 'utf8'))
    return published.length >= end && published.slice(end - fresh.samples, end)
  })
}

const of = (meter: string, samples: readonly WireSample[]): WireSample[] =>
  samples.filter(({ counter_name: name }) => name === meter)

async function device(action: 'attach' | 'detach', xml: string): Promise<void> {
  const folder = await folderOf({ 'device.xml': xml })
  await virsh([`${action}-device`, guest.name, `${folder}/device.xml`, '--live'])
}

const diskXml = `<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${image}'/>
  <target dev='vdb' bus='virtio'/></disk>`
const vnicXml = `<interface type='bridge'><mac address='fa:16:aa:00:09:01'/><source bridge='br-lab'/>
  <target dev='tapattached'/><model type='virtio'/></interface>`

test('metadata that Nova changes is that of the next samples', async () => {
  const uri = 'http://openstack.org/xmlns/libvirt/nova/1.1'
  const renamed = novaMetadata({ name: 'renamed' })
    .replace(/ xmlns:nova="[^"]*"/, '')
    .replaceAll('nova:', '')
  await virsh(['metadata', guest.name, '--uri', uri, '--key', 'nova', '--set', renamed, '--live'])
  const [sample] = of('power.state', await nextSamples())
  expect(sample!.resource_metadata['display_name']).toBe('renamed')
})

test('a disk that is attached has samples in the next cycle', async () => {
  expect(of('disk.device.capacity', await nextSamples())).toHaveLength(1)
  await device('attach', diskXml)
  const disks = of('disk.device.capacity', await nextSamples())
  expect(disks.map(({ resource_id: id }) => id)).toEqual([`${guest.uuid}-vda`, `${guest.uuid}-vdb`])
  expect(disks[1]).toMatchObject({ counter_volume: 64 << 20, resource_metadata: { disk_name: 'vdb' } })
})

test('a vNIC that is attached has samples in the next cycle', async () => {
  await device('attach', vnicXml)
  const vnics = of('network.incoming.bytes', await nextSamples())
  expect(vnics.map(({ resource_metadata: { mac, name } }) => [mac, name])).toEqual([
    [expect.any(String), guest.taps[0]],
    ['fa:16:aa:00:09:01', 'tapattached'],
  ])
})

test('a state that changes is that of the next samples', async () => {
  await virsh(['resume', guest.name])
  const [sample] = of('power.state', await nextSamples())
  expect(sample).toMatchObject({
    counter_volume: 1,
    resource_metadata: { status: 'active', state: 'running' },
  })
})

test('a domain that is defined and started anew has samples in the next cycle', async () => {
  const other = await lab.createDomain({ number: 0x902 }, 'paused')
  const states = of('power.state', await nextSamples())
  expect(states.map(({ resource_id: id }) => id).sort()).toEqual([guest.uuid, other.uuid])
  await other.remove()
  expect(of('power.state', await nextSamples())).toHaveLength(1)
})
