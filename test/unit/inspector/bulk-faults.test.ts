import { expect, it } from 'vitest'
import { inspectorOf, lookAt, runningDomain, type Cycle } from '../../support/inspector.js'
import { FakeLibvirtError } from '../../support/fake-binding.js'

const many = (count: number) => Array.from({ length: count }, (_, index) => runningDomain(index + 1))
const usual = ['cpu', 'vcpu', 'balloon', 'interface', 'block'] as const

/** Names of the domains that gave every figure, and those that lost some to a stuck monitor. */
function outcome(cycle: Cycle) {
  const names = [...cycle.looks.keys()]
  const isWhole = (name: string) =>
    lookAt(cycle, name).unread.size === 0 && lookAt(cycle, name).memory.rssKiB !== undefined
  return { whole: names.filter(isWhole).length, stuck: names.filter((name) => !isWhole(name)) }
}

it('loses one stuck domain and no other, in the cycle it sticks and in those after it', async () => {
  const { host, cycle, cycleFor } = inspectorOf({ domains: many(40) })
  await cycle(usual)
  host.domains[4]!.stuck = true

  const first = await cycleFor(10, usual)
  const second = await cycle(usual)

  expect(outcome(first)).toEqual({ whole: 39, stuck: ['instance-5'] })
  expect(outcome(second)).toEqual({ whole: 39, stuck: ['instance-5'] })
})

it('gives what a stuck domain can give without its monitor, and says why the rest is missing', async () => {
  const { host, cycle, cycleFor } = inspectorOf({ domains: many(3) })
  await cycle(usual)
  host.domains[0]!.stuck = true

  const look = lookAt(await cycleFor(10, usual), 'instance-1')

  expect(look).toMatchObject({ powerState: 1, vcpus: 1, cpuNs: 1007, cpuRunNs: 1000 })
  expect(look.vnics[0]?.rxBytes).toBe(1)
  expect([...look.unread].map(([group, { reason }]) => [group, reason])).toEqual([
    ['balloon', 'stuck'],
    ['block', 'stuck'],
  ])
})

it('makes no call for disk sizes of a domain that is stuck', async () => {
  const { host, cycle, cycleFor } = inspectorOf({ domains: many(2) })
  await cycle()
  host.domains[0]!.stuck = true
  await cycleFor(10)
  host.calls.length = 0

  const look = lookAt(await cycle(), 'instance-1')

  expect(look.unread.get('diskInfo')?.reason).toBe('stuck')
  expect(look.disks[0]?.capacityBytes).toBeUndefined()
  expect(host.calls.filter(({ method }) => method === 'blockInfo').map(({ uuids }) => uuids[0])).toEqual([
    host.domains[1]!.uuid,
  ])
})

it('has the domain back in the next cycle once its monitor answers, and says so', async () => {
  const { host, clock, cycle, cycleFor, heard, inspector } = inspectorOf({ domains: many(40) })
  await cycle(usual)
  host.domains[4]!.stuck = true
  await cycleFor(10, usual)
  expect(inspector.hungCalls).toBe(1)

  host.unstick(host.domains[4]!.uuid)
  await clock.advance(1)

  expect(outcome(await cycle(usual))).toEqual({ whole: 40, stuck: [] })
  expect(inspector.hungCalls).toBe(0)
  expect(heard).toEqual([
    'connected',
    'left domainStats, 1 hung',
    'stuck instance-5',
    'late domainStats',
    'recovered instance-5',
  ])
})

it.each([
  { count: 2, maxCalls: 4 },
  { count: 10, maxCalls: 4 },
  { count: 40, maxCalls: 4 },
  { count: 40, maxCalls: 16 },
])('never has more than three calls hang when $count domains stick at once', async ({ count, maxCalls }) => {
  const { host, cycle, cycleFor, inspector } = inspectorOf({ domains: many(40) }, { maxCalls })
  await cycle(usual)
  const stuck = host.domains.filter((_, index) => index % (40 / count) === 0)
  for (const domain of stuck) domain.stuck = true

  for (let round = 0; round < 4; round += 1) {
    await cycleFor(60, usual)
    expect(inspector.hungCalls).toBeLessThanOrEqual(3)
  }
  host.unstick(...stuck.map(({ uuid }) => uuid))
  await cycleFor(1, usual)
  expect(outcome(await cycle(usual))).toEqual({ whole: 40, stuck: [] })
})

it('asks only for what needs no monitor while as many calls hang as may', async () => {
  const { host, cycle, cycleFor } = inspectorOf({ domains: many(40) })
  await cycle(usual)
  for (const domain of host.domains) domain.stuck = true
  await cycleFor(60, usual)
  host.calls.length = 0

  const look = lookAt(await cycle(usual), 'instance-7')

  const asked = host.calls.filter(({ method }) => method === 'domainStats').map(({ args }) => args[0])
  expect(asked).toEqual([1 | 16])
  expect(look).toMatchObject({ powerState: 1, vnics: [{ rxBytes: 7 }] })
})

it('reads all others, one call at a time, while two domains that stuck at once hold a call each', async () => {
  const { host, cycle, cycleFor, inspector } = inspectorOf({ domains: many(40) })
  await cycle(usual)
  const stuck = [host.domains[3]!, host.domains[30]!]
  for (const domain of stuck) domain.stuck = true

  const first = await cycleFor(10, usual)
  const second = await cycle(usual)

  expect(outcome(first)).toEqual({ whole: 38, stuck: ['instance-4', 'instance-31'] })
  expect(outcome(second)).toEqual({ whole: 38, stuck: ['instance-4', 'instance-31'] })
  expect(inspector.hungCalls).toBe(2)
})

it('keeps what other slices gave when three domains that stick at once take every call that may hang', async () => {
  const { host, cycle, cycleFor, inspector } = inspectorOf({ domains: many(96) })
  await cycle(usual)
  for (const place of [60, 77, 95]) host.domains[place]!.stuck = true

  const first = await cycleFor(10, usual)

  expect(inspector.hungCalls).toBe(3)
  expect(outcome(first).whole).toBe(48)
})

it('has every domain back that answers again while others go on hanging', async () => {
  const { host, cycle, cycleFor, inspector } = inspectorOf({ domains: many(40) })
  await cycle(usual)
  for (const domain of host.domains.slice(0, 4)) domain.stuck = true
  await cycleFor(60, usual)
  expect(inspector.hungCalls).toBe(3)
  host.unstick(...host.domains.slice(0, 3).map(({ uuid }) => uuid))
  await cycleFor(60, usual)

  const after = await cycleFor(60, usual)

  expect(outcome(after)).toEqual({ whole: 39, stuck: ['instance-4'] })
})

it('waits no second time for a domain that somebody else waits for in vain', async () => {
  const { host, cycle, inspector } = inspectorOf({ domains: many(3) })
  host.domains[1]!.stuck = true
  const another = host.monitor(host.domains[1]!)

  const { looks } = await cycle(usual)

  expect(inspector.hungCalls).toBe(0)
  expect([...looks.keys()].filter((name) => lookAt({ looks } as Cycle, name).unread.size > 0)).toEqual([
    'instance-2',
  ])
  host.unstick(host.domains[1]!.uuid)
  await another
})

it('asks a domain whose job somebody else holds once more, and keeps its samples', async () => {
  const { host, cycle } = inspectorOf({ domains: many(3) })
  await cycle(usual)
  const row = host.row.bind(host)
  const noWait = 0x20000000
  host.row = async (domain, stats, flags) => {
    const answer = await row(domain, stats, flags)
    const busy = domain.name === 'instance-2' && (flags & noWait) !== 0
    return busy
      ? { ...answer, entries: answer.entries.filter(([field]) => !field.startsWith('balloon')) }
      : answer
  }

  expect(outcome(await cycle(usual))).toEqual({ whole: 3, stuck: [] })
})

it('takes a domain for complete that gives no more even when it is waited for', async () => {
  const domains = many(2)
  domains[0]!.stats = domains[0]!.stats!.replace(/^balloon.*$/gm, '')
  const { host, cycle } = inspectorOf({ domains })
  await cycle(usual)
  host.calls.length = 0

  const again = await cycle(usual)

  expect(lookAt(again, 'instance-1').unread).toEqual(new Map())
  expect(again.calls).toBe(2)
})

it('finds the domain that makes a whole slice fail, and reads the others', async () => {
  const { host, cycle, heard } = inspectorOf({ domains: many(20) })
  await cycle(usual)
  const bad = host.domains[6]!.uuid
  host.script = ({ method, call, uuids }) => {
    if (method === 'domainStats' && uuids.includes(bad)) {
      throw new FakeLibvirtError(call, 'internal error: cannot parse', { code: 1, domain: 10 })
    }
    return undefined
  }

  const { looks } = await cycle(usual)

  expect(looks.get('instance-7')).toMatchObject({ ok: false, reason: 'no-data' })
  expect([...looks.values()].filter(({ ok }) => ok)).toHaveLength(19)
  await cycle(usual)
  expect(heard).toEqual(['connected', 'failed instance-7'])
})

it('needs one listing and a call a slice in a steady cycle, whatever the number of domains', async () => {
  const { cycle } = inspectorOf({ domains: many(100) })
  await cycle(usual)
  await cycle(usual)

  expect((await cycle(usual)).calls).toBe(1 + 6)
})

it('sends one call alone after it connects, before slices run side by side', async () => {
  const { host, cycle, clock, inspector } = inspectorOf({ domains: many(40) })
  for (const domain of host.domains) domain.stuck = true
  const running = cycle(usual)
  await clock.advance(9)

  expect(host.calls.filter(({ method }) => method === 'domainStats')).toHaveLength(1)

  await clock.advance(60)
  await running
  expect(inspector.hungCalls).toBe(3)
})
