import { expect, it } from 'vitest'
import type { StatsGroup } from '../../../src/inspector/inspector.js'
import { FakeLibvirtError, unsupported } from '../../support/fake-binding.js'
import type { FakeHost } from '../../support/fake-host.js'
import { inspectorOf, lookAt, runningDomain } from '../../support/inspector.js'

const masks = (host: FakeHost) =>
  host.calls.filter(({ method }) => method === 'domainStats').map(({ args }) => Number(args[0]))

it.each<[StatsGroup[], number]>([
  [['state'], 1],
  [['balloon'], 1 | 4],
  [['vcpu'], 1 | 8],
  [['cpu'], 1 | 8],
  [['cpu', 'balloon', 'interface', 'block'], 1 | 8 | 4 | 16 | 32],
  [['perf', 'diskInfo'], 1 | 64],
])('asks libvirt for no more groups than %j need', async (groups, mask) => {
  const { host, cycle } = inspectorOf({ domains: [runningDomain(1)] })
  await cycle(groups)

  expect(masks(host)).toEqual([mask])
})

it('asks for the group cpu only where vCPUs lack figures, and at once from the second cycle on', async () => {
  const without = runningDomain(2)
  without.stats = without.stats!.replace('vcpu.0.wait=7', '')
  const { host, cycle } = inspectorOf({ domains: [runningDomain(1), without] })

  const first = await cycle(['cpu'])
  host.calls.length = 0
  const second = await cycle(['cpu'])

  for (const { looks } of [first, second]) {
    expect(looks.get('instance-1')).toMatchObject({ value: { cpuNs: 1007, cpuRunNs: 1000 } })
    expect(looks.get('instance-2')).toMatchObject({ value: { cpuNs: 29000, cpuRunNs: 2000 } })
  }
  expect(masks(host)).toEqual([1 | 8 | 2])
})

it('says of a domain that vanished since the listing that it is gone', async () => {
  const { host, inspector, signal } = inspectorOf({ domains: [runningDomain(1), runningDomain(2)] })
  const { domains } = await inspector.survey(signal)
  host.domains.shift()

  const seen = await inspector.inspect({ domains, groups: new Set(['state']), reportStopped: false }, signal)

  expect(domains.map(({ uuid }) => seen.look(uuid).ok)).toEqual([false, true])
  expect(seen.look(domains[0]!.uuid)).toMatchObject({ reason: 'not-found' })
})

it('says of a domain that stopped since the listing that it is shut off', async () => {
  const { host, inspector, signal } = inspectorOf({ domains: [runningDomain(1)] })
  const { domains } = await inspector.survey(signal)
  Object.assign(host.domains[0]!, { id: -1, stats: 'state.state=5' })

  const seen = await inspector.inspect({ domains, groups: new Set(['state']), reportStopped: false }, signal)

  expect(seen.look(domains[0]!.uuid)).toMatchObject({ ok: false, reason: 'shut-off' })
})

it.each([
  [false, 0],
  [true, 1],
])(
  'asks for a domain that is shut off only where such ones are reported: %s',
  async (reportStopped, calls) => {
    const info = { state: 5, maxMemoryKiB: 2048n, memoryKiB: 1024n, vcpus: 2, cpuTimeNs: 0n }
    const stopped = runningDomain(1, { id: -1, stats: 'state.state=5', info })
    const { host, inspector, signal } = inspectorOf({ domains: [stopped] })
    const { domains } = await inspector.survey(signal)
    host.calls.length = 0

    const groups = new Set<StatsGroup>(['state', 'vcpu', 'balloon', 'block'])
    const seen = await inspector.inspect({ domains, groups, reportStopped }, signal)

    expect(seen.look(stopped.uuid).ok).toBe(reportStopped)
    expect(host.calls).toHaveLength(calls)
  },
)

it('does not call a function again that the driver lacks, until it connects anew', async () => {
  const { host, cycle } = inspectorOf({
    hypervisorType: 'LXC',
    domains: [runningDomain(1), runningDomain(2)],
    script: ({ method, call }) => {
      if (method === 'memoryStats') throw unsupported(call)
      return undefined
    },
  })
  const asked = () => host.calls.filter(({ method }) => method === 'memoryStats').length

  const first = await cycle(['balloon'])
  const calls = asked()
  await cycle(['balloon'])
  expect(lookAt(first, 'instance-1').unread.get('balloon')?.reason).toBe('unsupported')
  expect(asked()).toBe(calls)

  host.endConnections()
  await cycle(['balloon'])
  expect(asked()).toBeGreaterThan(calls)
})

it('tells once for each call about a domain that it fails, and again when it worked meanwhile', async () => {
  let failing = ['memoryStats', 'interfaceStats']
  const { cycle, heard } = inspectorOf({
    hypervisorType: 'LXC',
    domains: [runningDomain(1)],
    script: ({ method, call }) => {
      if (failing.includes(method)) throw new FakeLibvirtError(call, 'no cgroup', { code: 38, domain: 27 })
      return undefined
    },
  })
  const told = [
    'failed in part instance-1: memoryStats failed: virDomainMemoryStats: no cgroup',
    'failed in part instance-1: interfaceStats failed: virDomainInterfaceStats: no cgroup',
  ]
  const groups: readonly StatsGroup[] = ['balloon', 'interface']

  const first = await cycle(groups)
  await cycle(['balloon'])
  await cycle(groups)
  expect(lookAt(first, 'instance-1').unread.get('balloon')?.reason).toBe('no-data')
  expect(heard).toEqual(['connected', ...told])

  failing = ['interfaceStats']
  await cycle(groups)
  failing = ['memoryStats', 'interfaceStats']
  await cycle(groups)
  expect(heard).toEqual(['connected', ...told, told[0]])
})
