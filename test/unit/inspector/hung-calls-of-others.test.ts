import { expect, it } from 'vitest'
import type { CallStore } from '../../../src/inspector/libvirt/call-journal.js'
import type { FakeHost } from '../../support/fake-host.js'
import { inspectorOf, lookAt, runningDomain } from '../../support/inspector.js'

const usual = ['cpu', 'vcpu', 'balloon', 'interface', 'block'] as const
const many = (count: number) => Array.from({ length: count }, (_, index) => runningDomain(index + 1))

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

/** libvirtd still waits for these domains, for calls of a process that is gone. */
async function leaveHanging(host: FakeHost, numbers: readonly number[]): Promise<void> {
  for (const number of numbers) {
    host.domains[number - 1]!.stuck = true
    void host.monitor(host.domains[number - 1]!)
  }
  await Promise.resolve()
}

const uuids = (host: FakeHost, ...numbers: number[]) =>
  numbers.map((number) => host.domains[number - 1]!.uuid)
const monitorCalls = (host: FakeHost) =>
  host.calls.filter(({ method, args }) => method === 'domainStats' && (Number(args[0]) & 0b101110) !== 0)

it('writes down a call before it is made', async () => {
  const store = memory()
  const { host, cycle } = inspectorOf({ domains: many(3) }, {}, store)
  const written: unknown[] = []
  host.script = ({ method }) => {
    if (method === 'domainStats') written.push(store.saved.map((call) => [...call]))
    return undefined
  }

  await cycle(usual)

  expect(written).toEqual([[uuids(host, 1, 2, 3)]])
})

it('has calls for the sizes of disks written down before they are made, and writes once for all of them', async () => {
  const store = memory()
  let writings = 0
  const save = (calls: readonly (readonly string[])[]) => {
    writings += 1
    store.saved = calls
  }
  const { host, cycle } = inspectorOf({ domains: many(20) }, {}, { ...store, save })
  const before: { written: boolean; writings: number }[] = []
  host.script = ({ method, uuids: [uuid] }) => {
    const written = store.saved.some((call) => call.includes(uuid!))
    if (method === 'blockInfo') before.push({ written, writings })
    return undefined
  }

  await cycle(['block', 'diskInfo'])

  expect(before).toEqual(Array(20).fill({ written: true, writings: before[0]!.writings }))
})

it('takes no more calls for hanging than were out at once when its process was killed among disk sizes', async () => {
  const store = memory()
  const first = inspectorOf({ domains: many(20) }, {}, store)
  let atKill: readonly (readonly string[])[] = []
  first.host.script = ({ method }) => {
    if (method === 'blockInfo') atKill = store.saved
    return undefined
  }
  await first.cycle(['block', 'diskInfo'])
  store.saved = atKill

  const { inspector, cycle } = inspectorOf({ domains: many(20) }, {}, store)

  expect(inspector.hungCalls).toBe(3)
  await cycle(usual)
  expect(inspector.hungCalls).toBe(0)
})

it('counts the calls that an earlier process left hanging, and makes no other when there are three', async () => {
  const store = memory()
  const domains = many(10)
  const [first, second, third] = domains.map(({ uuid }) => uuid)
  store.saved = [[first!, second!, third!], [first!, second!], [third!]]
  const { host, cycle, inspector } = inspectorOf({ domains }, {}, store)
  await leaveHanging(host, [1, 2, 3])

  const looked = await cycle(usual)

  expect(inspector.hungCalls).toBe(3)
  expect(monitorCalls(host)).toEqual([])
  expect(lookAt(looked, 'instance-9')).toMatchObject({ powerState: 1, vnics: [{ rxBytes: 9 }] })
})

it.each([
  { what: 'none of its domains is waited for', calls: [[1, 2, 3]], hanging: [], count: 0 },
  { what: 'one of its domains is waited for', calls: [[1, 2, 3]], hanging: [2], count: 1 },
  { what: 'two calls have one such domain between them', calls: [[1, 2], [2, 3]], hanging: [2], count: 1 }, // prettier-ignore
  { what: 'others wait for domains of no call', calls: [[1, 2]], hanging: [4, 5], count: 0 },
  { what: 'its domains are gone', calls: [[11]], hanging: [], count: 0 },
])('takes a call of an earlier process for hanging as libvirt shows: $what', async (one) => {
  const store = memory()
  const domains = many(11)
  store.saved = one.calls.map((numbers) => numbers.map((number) => domains[number - 1]!.uuid))
  const { host, cycle, inspector } = inspectorOf({ domains: domains.slice(0, 10) }, {}, store)
  await leaveHanging(host, one.hanging)

  await cycle(usual)

  expect(inspector.hungCalls).toBe(one.count)
})

it('reads all that answer beside calls of an earlier process, and all when these have ended', async () => {
  const store = memory()
  const { host, cycle, inspector, heard } = inspectorOf({ domains: many(30) }, {}, store)
  const restarted = inspectorOf({ domains: host.domains }, {}, { ...store, load: () => [uuids(host, 1, 2)] })
  await leaveHanging(restarted.host, [2])
  const unread = async () =>
    [...(await restarted.cycle(usual)).looks].filter(([, look]) => !look.ok || look.value.unread.size > 0)

  expect((await unread()).map(([name]) => name)).toEqual(['instance-2'])
  restarted.host.unstick(...uuids(host, 2))
  expect(await unread()).toEqual([])

  expect(restarted.inspector.hungCalls).toBe(0)
  expect(restarted.heard).toEqual(['connected', 'stuck instance-2', 'recovered instance-2'])
  await cycle(usual)
  expect([inspector.hungCalls, heard]).toEqual([0, ['connected']])
})

it.each([
  ['because the daemon was silent', 2],
  ['because the daemon hung up', 1],
])('goes on counting calls whose connection ended %s, until the daemon has ended', async (_why, reason) => {
  const store = memory()
  const { host, clock, cycle, cycleFor, inspector } = inspectorOf({ domains: many(10) }, {}, store)
  await cycle(usual)
  host.domains[0]!.stuck = true
  await cycleFor(10, usual)
  host.endConnections(reason)
  await clock.advance(1)

  await cycle(usual)
  expect(inspector.hungCalls).toBe(1)
  expect(store.saved.flat()).toContain(host.domains[0]!.uuid)

  host.domains[0]!.stuck = false
  host.endDaemon()
  await clock.advance(1)
  await cycle(usual)
  expect(inspector.hungCalls).toBe(0)
})

it('does not take what a daemon waits for since its start for a call from before', async () => {
  const { host, clock, cycle, cycleFor, inspector } = inspectorOf({ domains: many(10) })
  await cycle(usual)
  host.domains[0]!.stuck = true
  await cycleFor(10, usual)
  host.endDaemon()
  await clock.advance(5)
  host.domains[0]!.waitedForMs = 4000n
  await leaveHanging(host, [1])

  await cycle(usual)

  expect(inspector.hungCalls).toBe(0)
})
