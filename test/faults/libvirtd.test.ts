import { chmod, stat } from 'node:fs/promises'
import { setTimeout as after } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { removeAgents, startAgent, type Agent, type AgentOptions } from '../support/agent.js'
import { ledgerOf, recordFault } from '../support/fault-record.js'
import { faultScale } from '../support/fault-scale.js'
import { openLab, qemuPid, type LabDomain } from '../support/lab.js'
import { holdingsOf, leaksOf, mostConnections, type Holdings } from '../support/holdings.js'
import { busyWorkers, clients } from '../support/libvirtd.js'
import { waitFor } from '../support/wait-for.js'

const rounds = faultScale({ reduced: 20, full: 100 })
/** How long libvirtd is away, and how long it hangs: longer than keepalive takes to end the connections. */
const outageSeconds = faultScale({ reduced: 30, full: 300 })
const guests = 12
const meters = ['power.state', 'cpu', 'memory.resident', 'network.incoming.bytes', 'disk.device.capacity']
const whole = { instances: guests, samples: guests * meters.length, missing: {} }
const readOnlySocket = '/run/libvirt/libvirt-sock-ro'
const port = 19_178

const lab = openLab()
const domains: LabDomain[] = []
const agentOf = (options: AgentOptions = {}) =>
  startAgent({
    agent: { libvirt: { call_timeout_seconds: 2 }, http: { listen: `127.0.0.1:${port}` } },
    polling: { sources: [{ name: 'all', interval: 1, meters }] },
    ...options,
  })
const away = 'libvirt away'
const back = 'libvirt back'

beforeAll(async () => {
  for (let number = 0; number < guests; number += 1)
    domains.push(await lab.createDomain({ number: 0xa00 + number }, 'paused'))
})
afterEach(async () => {
  await removeAgents()
  await lab.service('libvirtd', 'start')
})
afterAll(() => lab.removeDomains())

interface ConnectedHoldings extends Holdings {
  readonly clients: number
}
const holdings = async ({ pid }: Agent): Promise<ConnectedHoldings> => ({
  ...holdingsOf(pid),
  clients: await clients(),
})

/** Not all connections that the agent may open need to have been there before. */
async function expectNothingLeaked(agent: Agent, before: ConnectedHoldings): Promise<ConnectedHoldings> {
  const after = await holdings(agent)
  expect(after.clients).toBeLessThanOrEqual(mostConnections)
  expect(leaksOf(before, after, mostConnections - before.clients)).toEqual([])
  return after
}

/** How often the agent tried to connect. */
async function attempts(): Promise<number> {
  const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const counts = page.matchAll(/^virtpoll_libvirt_call_seconds_count\{call="openReadOnly",[^}]*\} (\d+)/gm)
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0)
}

/** One line when libvirt went, one when it was back, and the first cycle after that is complete. */
async function expectOneOutage(agent: Agent, code: string): Promise<void> {
  await agent.line(({ msg }) => msg === back)
  const at = agent.lines.findIndex(({ msg }) => msg === back)
  expect(await agent.line(({ msg }) => msg === 'cycle', at)).toMatchObject(whole)
  expect(agent.said(away).map(({ err }) => err?.code)).toEqual([code])
  expect(agent.said(back)).toHaveLength(1)
}

test('libvirtd restarted again and again costs neither connections nor threads nor files', async () => {
  const agent = await agentOf()
  await agent.freshCycle()
  await agent.freshCycle()
  const before = await holdings(agent)
  for (let round = 0; round < rounds; round += 1) {
    await lab.service('libvirtd', round % 2 === 0 ? 'restart' : 'kill')
    await lab.service('libvirtd', 'start')
    expect(await agent.freshCycle()).toMatchObject(whole)
  }
  await agent.freshCycle()

  const after = await expectNothingLeaked(agent, before)
  recordFault({
    fault: 'libvirtd restarted and killed by turns',
    times: rounds,
    ...ledgerOf(agent),
    before,
    after,
  })
  expect(agent.said(away).length).toBe(agent.said(back).length)
  expect(agent.said(away).length).toBeLessThanOrEqual(rounds)
  expect((await agent.stop()).code).toBe(0)
})

test('libvirtd killed and away for a while is one outage, with one attempt to connect a cycle', async () => {
  const agent = await agentOf()
  await agent.freshCycle()
  const before = await attempts()
  await lab.service('libvirtd', 'kill')
  await agent.line(({ msg }) => msg === away)
  const since = agent.cycles().length
  await after(outageSeconds * 1000)
  const lost = agent.cycles().length - since
  await lab.service('libvirtd', 'start')

  await expectOneOutage(agent, 'LIBVIRT_UNREACHABLE')
  expect((await attempts()) - before).toBeLessThanOrEqual(agent.cycles().length - since + 2)
  expect(
    agent
      .cycles()
      .slice(since, since + lost)
      .at(-1),
  ).toMatchObject({ samples: 0, expected: whole.samples, missing: { unreachable: whole.samples } })
  recordFault({ fault: `libvirtd killed and away for ${outageSeconds} s`, ...ledgerOf(agent) })
}, 420_000)

test('libvirtd killed in the middle of a cycle is one outage, and says of every sample of that cycle what became of it', async () => {
  // so long that the call that hangs is not left before libvirtd is killed
  const libvirt = { call_timeout_seconds: 60 }
  const agent = await agentOf({ agent: { libvirt, http: { listen: `127.0.0.1:${port}` } } })
  await agent.freshCycle()
  const stopped = qemuPid(domains[3]!)
  process.kill(stopped, 'SIGSTOP')
  try {
    // the one that may be under way ends; the one after it cannot
    await expect(agent.moreCycles(2, 5)).rejects.toThrow('more cycles')
    await waitFor('the call is out', async () => (await busyWorkers()) === 1)
    await lab.service('libvirtd', 'kill')
  } finally {
    process.kill(stopped, 'SIGCONT')
  }
  const lost = await agent.line(({ msg }) => msg === away)
  const cut = await agent.line(({ msg }) => msg === 'cycle', agent.lines.indexOf(lost))
  await lab.service('libvirtd', 'start')

  await expectOneOutage(agent, 'LIBVIRT_UNREACHABLE')
  const cutOff = { unreachable: expect.any(Number) as number }
  expect(cut).toMatchObject({ instances: guests, expected: whole.samples, missing: cutOff })
  for (const { expected, samples, missing } of agent.cycles())
    expect(expected).toBe(samples + (missing['unreachable'] ?? 0))
  recordFault({ fault: 'libvirtd killed in the middle of a cycle', ...ledgerOf(agent) })
})

test('libvirtd that is not there at the start is found when it comes', async () => {
  await lab.service('libvirtd', 'stop')
  const agent = await agentOf()
  await agent.line(({ msg }) => msg === away)
  await agent.freshCycle()
  await lab.service('libvirtd', 'start')

  await expectOneOutage(agent, 'LIBVIRT_UNREACHABLE')
})

test('libvirtd that hangs is noticed, the agent goes on answering, and the first cycle after it is complete', async () => {
  const agent = await agentOf()
  await agent.freshCycle()
  const before = await holdings(agent)
  const pid = await lab.servicePid('libvirtd')
  process.kill(pid, 'SIGSTOP')
  try {
    await agent.line(({ msg }) => msg === away)
    await after(outageSeconds * 1000)
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200)
    expect(await attempts()).toBeLessThanOrEqual(4)
  } finally {
    process.kill(pid, 'SIGCONT')
  }
  await expectOneOutage(agent, 'LIBVIRT_TIMEOUT')
  for (const { missing } of agent.cycles()) expect(missing).not.toHaveProperty('stuck')
  await agent.freshCycle()

  const held = await expectNothingLeaked(agent, before)
  recordFault({ fault: `libvirtd stopped for ${outageSeconds} s`, ...ledgerOf(agent), before, after: held })
  expect((await agent.stop()).code).toBe(0)
}, 420_000)

test.each([
  ['', 1, (agent: Agent) => agent.line(({ msg }) => msg === away)],
  [', also before it has noticed', 300, () => undefined],
])('an agent whose libvirtd hangs ends in time when it is told to%s', async (_what, interval, noticed) => {
  const agent = await agentOf({ polling: { sources: [{ name: 'all', interval, meters }] } })
  await agent.line(({ msg }) => msg === 'cycle')
  const pid = await lab.servicePid('libvirtd')
  process.kill(pid, 'SIGSTOP')
  try {
    await noticed(agent)
    const since = performance.now()
    expect((await agent.stop()).code).toBe(0)
    expect((performance.now() - since) / 1000).toBeLessThan(5)
  } finally {
    process.kill(pid, 'SIGCONT')
  }
})

test('a socket without permission is told from one that nobody listens on, and found when it is given', async () => {
  const { mode } = await stat(readOnlySocket)
  await chmod(readOnlySocket, 0)
  try {
    const agent = await agentOf({ through: ['setpriv', '--inh-caps=-all', '--bounding-set=-all'] })
    await agent.line(({ msg }) => msg === away)
    await agent.freshCycle()
    await chmod(readOnlySocket, mode)

    await expectOneOutage(agent, 'LIBVIRT_DENIED')
    expect(agent.said(away)[0]?.err?.message).toContain('libvirt-sock-ro')
  } finally {
    await chmod(readOnlySocket, mode)
  }
})
