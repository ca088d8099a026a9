import { execFile, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { removeAgents, startAgent, type Agent, type CycleLine } from '../support/agent.js'
import { recordFault } from '../support/fault-record.js'
import { faultScale } from '../support/fault-scale.js'
import { holdingsOf, leaksOf, mostConnections, type Holdings } from '../support/holdings.js'
import { openLab, qemuPid, type LabDomain } from '../support/lab.js'
import { busyWorkers } from '../support/libvirtd.js'
import { statusEndpoint } from '../support/status-endpoint.js'
import { virsh } from '../support/virsh.js'
import { folderOf } from '../support/virtpoll.js'
import { waitFor } from '../support/wait-for.js'

/** Some commands keep the lock of a domain, for which every listing of libvirt waits. */

const execFileAsync = promisify(execFile)
const guests = 12
const callTimeout = 2
const restarts = faultScale({ reduced: 5, full: 10 })
const meters = ['power.state', 'cpu', 'network.incoming.bytes', 'memory.resident', 'disk.device.capacity']
const whole = { instances: guests, samples: guests * meters.length, missing: {} }

const lab = openLab()
const domains: LabDomain[] = []
let hungCalls: () => Promise<number>

beforeAll(async () => {
  while (domains.length < guests)
    domains.push(await lab.createDomain({ number: 0xb00 + domains.length }, 'paused'))
}, 120_000)
afterEach(async () => {
  await removeAgents()
  await waitFor('no call hangs in libvirtd', async () => (await busyWorkers()) === 0)
})
afterAll(() => lab.removeDomains())

async function startPolling(outbox = { directory: 'outbox' }): Promise<Agent> {
  const status = await statusEndpoint()
  hungCalls = async () => (await status.metrics()).get('virtpoll_libvirt_hung_calls') ?? NaN
  const libvirt = { call_timeout_seconds: callTimeout }
  const agent = await startAgent({
    agent: { libvirt, outbox, publisher: { driver: 'file', path: 'samples.jsonl' }, http: status.http },
    polling: { sources: [{ name: 'all', interval: 1, meters }] },
  })
  await agent.freshCycle()
  return agent
}

/** Saves a domain into a pipe that nobody reads, and so keeps its lock, until the function that this gives is called. */
async function saveForEver({ name }: LabDomain, folder: string): Promise<() => Promise<void>> {
  const pipe = join(folder, 'pipe')
  await execFileAsync('mkfifo', [pipe])
  const saving = spawn('virsh', ['-q', '-c', 'qemu:///system', 'save', name, pipe])
  const ended = new Promise((resolve) => saving.once('exit', resolve))
  return async () => {
    // one who reads a little and goes ends the attempt, not the domain
    await execFileAsync('head', ['-c', '1', pipe])
    await ended
  }
}

const sum = (figures: readonly number[]) => figures.reduce((total, figure) => total + figure, 0)
const missingOf = ({ missing }: CycleLine) => sum(Object.values(missing))
const expectedOf = (cycle: CycleLine) => Number(cycle['expected'])

/** Different samples of these domains. */
async function received({ folder }: Agent, of: readonly LabDomain[]): Promise<number> {
  const lines = (await readFile(join(folder, 'samples.jsonl'), 'utf8')).trimEnd().split('\n')
  const samples = lines.map((line) => JSON.parse(line) as { message_id: string; resource_id: string })
  const theirs = samples.filter(({ resource_id: id }) => of.some(({ uuid }) => id.includes(uuid)))
  return new Set(theirs.map(({ message_id: id }) => id)).size
}

/** What became of every sample since the agent started. */
async function settle(
  agent: Agent,
  figures: { fault: string; lostSeconds: number; callsOut: number; before: Holdings },
) {
  const after = holdingsOf(agent.pid)
  expect(leaksOf(figures.before, after, mostConnections)).toEqual([])
  await agent.stop()
  const cycles = agent.cycles()
  for (const cycle of cycles) {
    expect(expectedOf(cycle)).toBe(cycle.samples + missingOf(cycle))
    expect(expectedOf(cycle)).toBeGreaterThanOrEqual(whole.samples)
  }
  expect(await received(agent, domains)).toBe(cycles.length * whole.samples)
  expect(agent.said('libvirt away')).toEqual([])
  recordFault({
    ...figures,
    after,
    expected: sum(cycles.map(expectedOf)),
    missing: sum(cycles.map(missingOf)),
    received: new Set((await readFile(join(agent.folder, 'samples.jsonl'), 'utf8')).trimEnd().split('\n'))
      .size,
  })
}

test('virsh destroy of a stuck domain, for which libvirt takes ten seconds, costs the others nothing', async () => {
  const doomed = await lab.createDomain({ number: 0xaff }, 'paused')
  const agent = await startPolling()
  const before = holdingsOf(agent.pid)
  process.kill(qemuPid(doomed), 'SIGSTOP')
  await agent.line(({ msg, uuid }) => msg.startsWith('domain stuck') && uuid === doomed.uuid)
  await agent.freshCycle()
  const since = agent.cycles().length

  const destroyed = virsh(['destroy', doomed.name])
  await agent.line(
    ({ msg, call }) => msg.startsWith('libvirt call does not answer') && call === 'allDomainStats',
  )
  const callsOut = await hungCalls()
  await destroyed
  await waitFor('it is gone', () => agent.cycles().at(-1)?.instances === guests)
  const during = agent.cycles().slice(since, -1)
  expect(await agent.freshCycle()).toMatchObject(whole)
  await waitFor('no call hangs', async () => (await hungCalls()) === 0)

  expect(callsOut).toBeLessThanOrEqual(2)
  expect(during.some((cycle) => cycle.missing['stuck'] === meters.length)).toBe(true)
  const slow = during.map(({ seconds }) => seconds).filter((seconds) => seconds >= callTimeout)
  expect(slow.length).toBeLessThanOrEqual(1)
  expect(Math.max(0, ...slow)).toBeLessThan(callTimeout + 1)
  await settle(agent, { fault: 'stuck domain destroyed by virsh', lostSeconds: sum(slow), callsOut, before })
})

test('a domain that is being saved into a pipe without a reader is passed over for as long as that lasts', async () => {
  const saved = await lab.createDomain({ number: 0xafe }, 'paused')
  const agent = await startPolling()
  const before = holdingsOf(agent.pid)
  const letGo = await saveForEver(saved, agent.folder)
  await agent.line(({ msg, uuid }) => msg.startsWith('domain stuck') && uuid === saved.uuid)
  const since = agent.cycles().length
  await agent.moreCycles(5)
  const during = agent.cycles().slice(since, since + 5)
  const held = { workers: await busyWorkers(), calls: await hungCalls() }
  await letGo()
  await waitFor('it is whole again', () => agent.cycles().at(-1)?.samples === whole.samples + meters.length)

  expect(held.calls).toBe(2)
  // that of virsh save, and of a call that is merely under way
  expect(held.workers).toBeLessThanOrEqual(2 + 1 + 1)
  expect(during[0]!.seconds).toBeLessThan(callTimeout + 2)
  expect(Math.max(...during.slice(1).map(({ seconds }) => seconds))).toBeLessThan(callTimeout)
  for (const { samples, missing } of during)
    expect({ samples, missing }).toEqual({ samples: whole.samples, missing: { stuck: meters.length } })
  expect(await hungCalls()).toBe(0)
  const fault = 'domain saved into a pipe without a reader'
  await settle(agent, { fault, lostSeconds: during[0]!.seconds, callsOut: held.calls, before })
})

test('kills and restarts while the lock of a domain is kept hold three workers of libvirtd at the most', async () => {
  const saved = await lab.createDomain({ number: 0xafd }, 'paused')
  const folder = await folderOf({})
  const outbox = { directory: join(folder, 'outbox') }
  const held: number[] = []
  const kill = async (agent: Agent) => {
    agent.signal('SIGKILL')
    await agent.ended
    held.push(await busyWorkers())
  }
  const first = await startPolling(outbox)
  const letGo = await saveForEver(saved, folder)
  await first.line(({ msg, uuid }) => msg.startsWith('domain stuck') && uuid === saved.uuid)
  await first.moreCycles(2)
  await kill(first)
  const counted: number[] = []
  for (let starts = 0; starts < restarts; starts += 1) {
    const agent = await startPolling(outbox)
    await agent.line(({ msg }) => msg === 'libvirt away')
    counted.push(await hungCalls())
    await kill(agent)
  }
  await letGo()
  await waitFor('no call hangs in libvirtd', async () => (await busyWorkers()) === 0)

  expect(counted).toEqual(Array.from({ length: restarts }, () => 3))
  // that of virsh save as well
  expect(Math.max(...held)).toBeLessThanOrEqual(3 + 1)
  recordFault({
    fault: 'agent killed while a domain is saved into a pipe without a reader',
    ...{ times: restarts + 1, callsOut: Math.max(...held) - 1 },
  })
  await saved.remove()
}, 120_000)
