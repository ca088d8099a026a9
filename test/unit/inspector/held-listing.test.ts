import { expect, it } from 'vitest'
import type { Inspected, DomainLook } from '../../../src/inspector/inspector.js'
import type { CallStore } from '../../../src/inspector/libvirt/call-journal.js'
import { FakeLibvirtError } from '../../support/fake-binding.js'
import type { FakeDomain, FakeHost } from '../../support/fake-host.js'
import { type Cycle, inspectorOf, runningDomain } from '../../support/inspector.js'

const usual = ['cpu', 'vcpu', 'balloon', 'interface', 'block'] as const
const many = (count: number) => Array.from({ length: count }, (_, index) => runningDomain(index + 1))
const number = ({ domains }: FakeHost, nth: number): FakeDomain => domains[nth - 1]!
const isWhole = (look: Inspected<DomainLook>) => look.ok && look.value.unread.size === 0
const notWhole = ({ looks }: Cycle) =>
  [...looks].flatMap(([name, look]) => (isWhole(look) ? [] : [look.ok ? `${name}, in part` : name]))
const listings = ({ calls }: FakeHost) => calls.filter(({ method }) => method === 'allDomainStats').length

it('goes on with the domains it knows when a listing hangs on one of them, and does not list again', async () => {
  const { host, cycle, cycleFor, inspector, heard } = inspectorOf({ domains: many(20) })
  await cycle(usual)
  number(host, 7).locked = true

  const first = await cycleFor(11, usual)
  const listed = listings(host)
  const second = await cycleFor(0, usual)

  for (const one of [first, second]) {
    expect(one.survey.domains).toHaveLength(20)
    expect(notWhole(one)).toEqual(['instance-7'])
    expect(one.looks.get('instance-7')).toMatchObject({ ok: false, reason: 'stuck' })
  }
  expect(listings(host)).toBe(listed)
  expect(inspector.hungCalls).toBe(2)
  expect(heard).toEqual([
    ...['connected', 'left allDomainStats, 1 hung', 'left domainStats, 2 hung', 'stuck instance-7'],
  ])
})

it('lists again, and reads all, when the listing that hung has returned', async () => {
  const { host, clock, cycle, cycleFor, inspector, heard } = inspectorOf({ domains: many(20) })
  await cycle(usual)
  number(host, 7).locked = true
  await cycleFor(11, usual)
  host.unlock(number(host, 7).uuid)
  host.domains.push(runningDomain(21))
  await clock.advance(0)

  const after = await cycle(usual)

  expect(after.survey.domains).toHaveLength(21)
  expect(notWhole(after)).toEqual([])
  expect(inspector.hungCalls).toBe(0)
  expect(heard.slice(-3)).toEqual(['late domainStats', 'late allDomainStats', 'recovered instance-7'])
})

it('lists again, and finds what is new, when a listing was the first to learn that the connection had ended', async () => {
  const { host, cycle } = inspectorOf({ domains: many(3) })
  await cycle(usual)
  host.domains.push(runningDomain(4))
  host.script = ({ method, call }) => {
    if (method !== 'allDomainStats') return undefined
    host.script = undefined
    throw new FakeLibvirtError(call, 'Cannot write data: Broken pipe', { code: 38, domain: 7 })
  }

  for (const one of [await cycle(usual), await cycle(usual)]) {
    expect(one.survey.domains).toHaveLength(4)
    expect(notWhole(one)).toEqual([])
  }
})

it('does not ask a stuck domain that alone can hold the listing up, and keeps a place for the others', async () => {
  const { host, cycle, cycleFor, inspector } = inspectorOf({ domains: many(20) })
  await cycle(usual)
  number(host, 7).stuck = true
  await cycleFor(11, usual)
  number(host, 7).locked = true

  const during = await cycleFor(11, usual)

  expect(notWhole(during)).toEqual(['instance-7'])
  expect(inspector.hungCalls).toBe(2)
})

it('still reads what a stuck domain has without its monitor while another one holds the listing up', async () => {
  const { host, cycle, cycleFor } = inspectorOf({ domains: many(20) })
  await cycle(usual)
  number(host, 3).stuck = true
  await cycleFor(11, usual)
  number(host, 7).locked = true

  const during = await cycleFor(12, usual)

  expect(notWhole(during)).toContain('instance-7')
  expect(notWhole(during)).toContain('instance-3, in part')
})

it('misses domains that go while the listing hangs', async () => {
  const { host, cycle, cycleFor } = inspectorOf({ domains: many(5) })
  await cycle(usual)
  number(host, 2).locked = true
  await cycleFor(11, usual)
  host.domains.splice(3, 1)

  const during = await cycleFor(0, usual)

  expect([...during.looks.keys()]).toEqual(['instance-1', 'instance-2', 'instance-3', 'instance-5'])
  expect(notWhole(during)).toEqual(['instance-2'])
})

it('holds the whole host for silent when not even the daemon answers, and says so', async () => {
  const { host, clock, cycle, inspector, signal, heard } = inspectorOf({ domains: many(3) })
  await cycle(usual)
  host.script = () => new Promise<void>(() => undefined)

  const survey = expect(inspector.survey(signal)).rejects.toMatchObject({ code: 'LIBVIRT_TIMEOUT' })
  await clock.advance(11)

  await survey
  expect(heard.at(-1)).toBe('lost LIBVIRT_TIMEOUT')
})

it('says that libvirt does not answer when the first listing of all hangs, and asks for no second one', async () => {
  const { host, clock, inspector, signal } = inspectorOf({ domains: many(3) })
  number(host, 1).locked = true
  for (let cycles = 0; cycles < 5; cycles += 1) {
    const survey = expect(inspector.survey(signal)).rejects.toMatchObject({ code: 'LIBVIRT_TIMEOUT' })
    await clock.advance(11)
    await survey
  }
  expect(listings(host)).toBe(1)
  expect(inspector.hungCalls).toBe(1)
})

it('leaves out a domain whose lock is taken after the listing, and reads the others in the same cycle', async () => {
  const { host, cycle, cycleFor, inspector } = inspectorOf({ domains: many(20) })
  await cycle(usual)
  host.script = ({ method }) => {
    if (method === 'domainStats') number(host, 7).locked = true
    return undefined
  }

  const during = await cycleFor(12, usual)

  expect(notWhole(during)).toEqual(['instance-7'])
  expect(inspector.hungCalls).toBe(2)
})

it('counts what its domains would have given as missing when there is no place left to ask for them', async () => {
  const { host, cycle, cycleFor } = inspectorOf({ domains: many(20) }, { maxCalls: 2 })
  await cycle(usual)
  number(host, 7).locked = true
  await cycleFor(12, usual)

  const during = await cycleFor(12, usual)

  expect(during.survey.domains).toHaveLength(20)
  expect([...during.looks.values()]).toContainEqual(expect.objectContaining({ ok: false, reason: 'stuck' }))
})

/** What outlives the process. */
function memory(): CallStore & { saved: readonly (readonly string[])[] } {
  return {
    saved: [],
    load() {
      return this.saved
    },
    save(calls) {
      this.saved = calls
    },
  }
}

/** An agent that starts while the lock of a domain is kept, and is killed when its first cycle has failed. */
async function startAndKill(store: CallStore) {
  const agent = inspectorOf({ domains: many(3) }, {}, store)
  number(agent.host, 1).locked = true
  await expect(agent.cycleFor(11)).rejects.toMatchObject({ code: 'LIBVIRT_TIMEOUT' })
  return agent
}

it('lets no more than three listings hang, however often it is killed and started while a lock is kept', async () => {
  const store = memory()
  const left = []
  for (let starts = 0; starts < 10; starts += 1) left.push(await startAndKill(store))

  expect(left.map(({ host }) => listings(host))).toEqual([1, 1, 1, 0, 0, 0, 0, 0, 0, 0])
  expect(left.map(({ inspector }) => inspector.hungCalls)).toEqual([1, 2, 3, 3, 3, 3, 3, 3, 3, 3])
})

it('reads all, and counts no hung call, when it is started after the lock was let go', async () => {
  const store = memory()
  for (let starts = 0; starts < 2; starts += 1) await startAndKill(store)
  const { cycle, inspector } = inspectorOf({ domains: many(3) }, {}, store)

  expect(inspector.hungCalls).toBe(2)
  expect(notWhole(await cycle(usual))).toEqual([])
  expect(inspector.hungCalls).toBe(0)
  await cycle(usual)
  expect(store.saved.filter((uuids) => uuids.length === 0)).toEqual([])
})

it('lists once more after a minute when three listings of former processes may hang', async () => {
  const store = memory()
  store.saved = [[], [], []]
  const { clock, cycle, inspector } = inspectorOf({ domains: many(3) }, {}, store)
  await expect(cycle(usual)).rejects.toMatchObject({ code: 'LIBVIRT_TIMEOUT' })
  await clock.advance(60)

  expect(notWhole(await cycle(usual))).toEqual([])
  expect(inspector.hungCalls).toBe(0)
})

it('makes no listing while two that may hang, beside a call that may hang on a monitor, are all that may', async () => {
  const store = memory()
  const domains = many(3)
  store.saved = [[], [], [domains[0]!.uuid]]
  const { host, cycle } = inspectorOf({ domains }, {}, store)

  await expect(cycle(usual)).rejects.toMatchObject({ code: 'LIBVIRT_TIMEOUT' })
  expect(listings(host)).toBe(0)
})

it('lists at once when only one listing, beside many other calls, was out when its process was killed', async () => {
  const store = memory()
  const domains = many(12)
  store.saved = [[], ...domains.map(({ uuid }) => [uuid])]
  const { cycle, inspector } = inspectorOf({ domains }, {}, store)

  expect(notWhole(await cycle(usual))).toEqual([])
  expect(inspector.hungCalls).toBe(0)
})

it('lets no more than three calls hang when libvirtd hangs up again and again while a lock is kept', async () => {
  const { host, clock, cycle, cycleFor, inspector } = inspectorOf({ domains: many(20) })
  await cycle(usual)
  number(host, 7).locked = true
  await cycleFor(11, usual)
  for (let times = 0; times < 5; times += 1) {
    host.endConnections(1)
    await clock.advance(1)
    const during = await cycleFor(11, usual)
    expect(notWhole(during)).toContain('instance-7')
    expect(inspector.hungCalls).toBe(3)
    expect(host.callsOut).toBeLessThanOrEqual(3)
  }
  host.unlock(number(host, 7).uuid)
  await clock.advance(300)
  expect(notWhole(await cycle(usual))).toEqual([])
  expect(inspector.hungCalls).toBe(0)
})

it('writes down a listing before it is made, and strikes it off when it has answered', async () => {
  const store = memory()
  const { host, inspector, signal } = inspectorOf({ domains: many(3) }, {}, store)
  const written: unknown[] = []
  host.script = ({ method }) => {
    if (method === 'allDomainStats') written.push(store.saved)
    return undefined
  }

  await inspector.survey(signal)

  expect(written).toEqual([[[]]])
  expect(store.saved).toEqual([])
})
