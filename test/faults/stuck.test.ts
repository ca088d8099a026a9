import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { removeAgents, startAgent, type Agent, type CycleLine } from '../support/agent.js'
import { ledgerOf, recordFault } from '../support/fault-record.js'
import { holdingsOf, leaksOf, mostConnections, type Holdings } from '../support/holdings.js'
import { openLab, qemuPid, type LabDomain } from '../support/lab.js'
import { busyWorkers, disconnectClients } from '../support/libvirtd.js'
import { statusEndpoint } from '../support/status-endpoint.js'
import { folderOf } from '../support/virtpoll.js'
import { virsh } from '../support/virsh.js'
import { waitFor } from '../support/wait-for.js'

const guests = 100
const guestsOfRestarts = 40
const callTimeout = 2
/** Meters that a paused guest has, of which the last three need its monitor. */
const free = ['power.state', 'cpu', 'vcpus', 'network.incoming.bytes']
const bound = ['memory.resident', 'disk.device.read.bytes', 'disk.device.capacity']
const meters = [...free, ...bound]

const lab = openLab()
const domains: LabDomain[] = []
const halt = (...some: readonly LabDomain[]) => {
  for (const domain of some) process.kill(qemuPid(domain), 'SIGSTOP')
}
const goOn = (...some: readonly LabDomain[]) => {
  for (const domain of some) process.kill(qemuPid(domain), 'SIGCONT')
}

beforeAll(async () => {
  while (domains.length < guests)
    domains.push(await lab.createDomain({ number: 0x900 + domains.length }, 'paused'))
}, 600_000)
afterEach(async () => {
  await removeAgents()
  goOn(...domains)
  await waitFor('no call hangs in libvirtd', async () => (await busyWorkers()) === 0)
})
afterAll(() => lab.removeDomains(), 300_000)

const status = await statusEndpoint()
const agentOf = (agent: Record<string, unknown> = {}) =>
  startAgent({
    agent: {
      libvirt: { call_timeout_seconds: callTimeout },
      publisher: { driver: 'file', path: 'samples.jsonl' },
      http: status.http,
      ...agent,
    },
    polling: { sources: [{ name: 'all', interval: 1, meters }] },
  })

/** How many samples of each meter the file has of a domain. */
async function samplesOf({ folder }: Agent, { uuid }: LabDomain): Promise<Record<string, number>> {
  const count: Record<string, number> = Object.fromEntries(meters.map((meter) => [meter, 0]))
  for (const line of (await readFile(join(folder, 'samples.jsonl'), 'utf8')).trimEnd().split('\n')) {
    const sample = JSON.parse(line) as { counter_name: string; resource_id: string }
    if (sample.resource_id.includes(uuid)) count[sample.counter_name]! += 1
  }
  return count
}

const each = (names: readonly string[], count: number) =>
  Object.fromEntries(names.map((name) => [name, count]))
const whole = { samples: guests * meters.length, missing: {} }
const without = (count: number) => ({
  samples: guests * meters.length - count * bound.length,
  missing: { stuck: count * bound.length },
})
const figures = ({ samples, missing }: CycleLine) => ({ samples, missing })

const healthy = async () => (await fetch(`http://${status.http.listen}/healthz`)).status === 200
const hungCalls = async () => (await status.metrics()).get('virtpoll_libvirt_hung_calls') ?? NaN
const threeCallsHang = () => waitFor('three calls hang', async () => (await hungCalls()) === 3, 60)

/** The cycles that end from now on, and the most calls that were past their deadline after one of them. */
async function nextCycles(agent: Agent, count: number) {
  const since = agent.cycles().length
  let callsOut = 0
  for (let cycle = 0; cycle < count; cycle += 1) {
    await agent.moreCycles(1, 60)
    callsOut = Math.max(callsOut, await hungCalls())
  }
  return { cycles: agent.cycles().slice(since), callsOut }
}

/** Lets all go on, and gives what the agent holds then. */
async function recover(agent: Agent, before: Holdings): Promise<Holdings> {
  goOn(...domains)
  await waitFor('all are whole again', () => agent.cycles().at(-1)!.samples === whole.samples)
  expect(await hungCalls()).toBe(0)
  const after = holdingsOf(agent.pid)
  expect(leaksOf(before, after, mostConnections)).toEqual([])
  return after
}

const slowest = (cycles: readonly CycleLine[]) => Math.max(...cycles.map(({ seconds }) => seconds))

/** Seconds of the slowest of some cycles in which nothing is the matter. */
async function healthySeconds(agent: Agent): Promise<number> {
  await agent.freshCycle()
  const { cycles } = await nextCycles(agent, 3)
  for (const cycle of cycles) expect(figures(cycle)).toEqual(whole)
  return slowest(cycles)
}

/** What a cycle that waits for nothing stays below, on this machine now. */
const withoutWaiting = (healthySeconds: number) => 0.5 + 2 * healthySeconds

test('a stuck domain costs one call timeout once, and of its own samples those that need its monitor', async () => {
  const agent = await agentOf()
  const stuck = domains[5]!
  const usual = await healthySeconds(agent)
  const before = holdingsOf(agent.pid)
  halt(stuck)
  const known = await agent.line(({ msg, uuid }) => msg.startsWith('domain stuck') && uuid === stuck.uuid)
  const first = (await agent.line(({ msg }) => msg === 'cycle', agent.lines.indexOf(known))) as CycleLine
  const { cycles: later, callsOut } = await nextCycles(agent, 3)
  goOn(stuck)
  const back = await agent.freshCycle()
  const after = holdingsOf(agent.pid)
  expect((await agent.stop()).code).toBe(0)

  expect(first.seconds).toBeLessThan(callTimeout + withoutWaiting(usual))
  expect(slowest(later)).toBeLessThan(withoutWaiting(usual))
  expect(callsOut).toBe(1)
  for (const cycle of [first, ...later]) expect(figures(cycle)).toEqual(without(1))
  expect(figures(back)).toEqual(whole)
  const cycles = agent.cycles().length
  for (const domain of domains)
    if (domain !== stuck) expect(await samplesOf(agent, domain)).toEqual(each(meters, cycles))
  const lost = agent.cycles().filter(({ missing }) => missing['stuck'] !== undefined).length
  const mine = await samplesOf(agent, stuck)
  expect(mine).toEqual({ ...each(free, cycles), ...each(bound, cycles - lost) })
  const sum = (counts: Record<string, number>) =>
    Object.values(counts).reduce((total, count) => total + count, 0)
  recordFault({
    fault: `guest stopped, one of ${guests}`,
    ...ledgerOf(agent),
    received: sum(mine) + (guests - 1) * sum(each(meters, cycles)),
    ...{ lostSeconds: first.seconds - usual, callsOut, before, after },
  })
  expect(leaksOf(before, after, mostConnections)).toEqual([])
  expect(agent.said('domain answers again')).toHaveLength(1)
})

test('a stuck domain that is killed is gone in the next cycle', async () => {
  const agent = await agentOf()
  const doomed = await lab.createDomain({ number: 0x8ff }, 'paused')
  await agent.line((line) => line['instances'] === guests + 1)
  halt(doomed)
  await agent.line(({ msg, uuid }) => msg.startsWith('domain stuck') && uuid === doomed.uuid)
  const callsOut = await hungCalls()
  process.kill(qemuPid(doomed), 'SIGKILL')
  await waitFor('libvirtd noticed', async () => !(await virsh(['list', '--name'])).includes(doomed.name))

  const after = await agent.freshCycle()

  expect({ instances: after.instances, ...figures(after) }).toEqual({ instances: guests, ...whole })
  expect(await hungCalls()).toBe(0)
  recordFault({ fault: 'stopped guest killed', ...ledgerOf(agent), callsOut })
})

test('two domains that stick at once cost only themselves', async () => {
  const agent = await agentOf()
  await agent.freshCycle()
  halt(domains[1]!, domains.at(-2)!)
  const known = () => agent.lines.filter(({ msg }) => msg.startsWith('domain stuck'))
  await waitFor('both are known', () => known().length === 2)

  const { cycles, callsOut } = await nextCycles(agent, 3)
  for (const cycle of cycles) expect(figures(cycle)).toEqual(without(2))
  expect(callsOut).toBe(2)
  recordFault({ fault: `guest stopped, two of ${guests} at once`, ...ledgerOf(agent), callsOut })
  goOn(...domains)
  expect(figures(await agent.freshCycle())).toEqual(whole)
})

test.each([
  ['ten domains', () => domains.slice(0, 10)],
  ['several domains', () => domains.filter((_, index) => index % 2 === 0)],
  ['all domains', () => domains],
])('%s stuck at once leave the agent responsive, and it recovers by itself', async (_what, choose) => {
  const agent = await agentOf()
  const usual = await healthySeconds(agent)
  const before = holdingsOf(agent.pid)
  halt(...choose())
  await threeCallsHang()
  const { cycles, callsOut } = await nextCycles(agent, 3)
  const last = cycles.at(-1)!

  expect(slowest(cycles.slice(1))).toBeLessThan(withoutWaiting(usual))
  expect(callsOut).toBe(3)
  expect(last.instances).toBe(guests)
  expect(last.missing['stuck']).toBeGreaterThanOrEqual(choose().length * bound.length)
  expect(await healthy()).toBe(true)
  expect(await busyWorkers()).toBeLessThanOrEqual(3 + 1)
  expect(await virsh(['list', '--name'])).toContain(domains[0]!.name)
  const after = await recover(agent, before)
  const fault = `guest stopped, ${choose().length} of ${guests} at once`
  recordFault({ fault, ...ledgerOf(agent), callsOut, before, after })
})

test('calls that hang are not forgotten when libvirtd hangs up on the agent, however often', async () => {
  const agent = await agentOf()
  await agent.freshCycle()
  const before = holdingsOf(agent.pid)
  halt(...domains)
  await threeCallsHang()
  for (let round = 1; round <= 4; round += 1) {
    await disconnectClients()
    await waitFor('libvirt is back', () => agent.said('libvirt back').length === round)
    await nextCycles(agent, 2)
    expect(await hungCalls()).toBe(3)
    await waitFor('the workers settle', async () => (await busyWorkers()) <= 3)
  }
  await recover(agent, before)
})

test('an agent that is told to stop while every domain is stuck ends in time', async () => {
  const agent = await agentOf()
  await agent.freshCycle()
  halt(...domains)
  await agent.line(({ msg }) => msg.startsWith('libvirt call does not answer'))
  const since = performance.now()

  const { code } = await agent.stop()

  expect(code).toBe(0)
  expect((performance.now() - since) / 1000).toBeLessThan(5)
})

test('ten kills and restarts with many domains stuck hold three workers of libvirtd at the most', async () => {
  const outbox = { directory: join(await folderOf({}), 'outbox') }
  const held: number[] = []
  const kill = async (agent: Agent, waitMs: number) => {
    const cycle = agent.cycles().length
    const due = performance.now() + waitMs
    await waitFor('a while', () => performance.now() >= due || agent.cycles().length > cycle + 3)
    agent.signal('SIGKILL')
    await agent.ended
    // what was merely under way returns, what hangs stays
    held.push(await waitFor('the workers settle', async () => (await busyWorkers()) <= 3 && busyWorkers(), 3))
    expect(await virsh(['dominfo', domains[0]!.name])).toContain('paused')
  }
  const first = await agentOf({ outbox })
  const usual = await healthySeconds(first)
  halt(...domains.slice(0, guestsOfRestarts))
  await kill(first, 0)
  for (let round = 1; round < 10; round += 1) await kill(await agentOf({ outbox }), round * 700)
  const agent = await agentOf({ outbox })
  await threeCallsHang()
  const begun = (await agent.freshCycle()).seconds

  expect(Math.max(...held)).toBeLessThanOrEqual(3)
  expect(begun).toBeLessThan(withoutWaiting(usual))
  goOn(...domains)
  await waitFor('all are whole again', () => agent.cycles().at(-1)!.samples === whole.samples)
  recordFault({
    fault: `agent killed while ${guestsOfRestarts} of ${guests} guests are stopped`,
    times: 10,
    ...{ lostSeconds: Math.max(0, begun - usual), callsOut: Math.max(...held) },
  })
}, 240_000)
