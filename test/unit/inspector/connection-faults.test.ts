import { expect, it } from 'vitest'
import { FakeLibvirtError, never } from '../../support/fake-binding.js'
import { inspectorOf, lookAt, runningDomain } from '../../support/inspector.js'

const two = () => [runningDomain(1), runningDomain(2)]

it('connects when it is first used, not before', async () => {
  const { host, cycle } = inspectorOf({ domains: two() })
  expect(host.calls).toEqual([])

  await cycle()

  expect(host.calls.filter(({ method }) => method === 'openReadOnly').length).toBeGreaterThan(0)
})

it('reports a host that refuses with its address and what to do, and tries once a cycle', async () => {
  const { host, inspector, signal, heard } = inspectorOf({ domains: two(), uris: [] })

  await expect(inspector.survey(signal)).rejects.toMatchObject({
    name: 'ConnectionError',
    code: 'LIBVIRT_UNREACHABLE',
    message: expect.stringMatching(/qemu:\/\/\/system.*No such file.*libvirtd/) as string,
  })
  await expect(inspector.survey(signal)).rejects.toMatchObject({ code: 'LIBVIRT_UNREACHABLE' })

  expect(host.calls).toHaveLength(2)
  expect(heard).toEqual(['lost LIBVIRT_UNREACHABLE'])
})

it.each([
  ['by its password', { code: 45, domain: 7, systemError: 0 }],
  ['the file of the socket (EACCES)', { code: 38, domain: 7, systemError: 13 }],
  ['the file of the socket (EPERM)', { code: 38, domain: 7, systemError: 1 }],
])('tells a host that refuses this user %s from one that is not there', async (_what, numbers) => {
  const { inspector, signal, heard } = inspectorOf({
    script: ({ call }) => {
      throw new FakeLibvirtError(call, 'refused', numbers)
    },
  })

  await expect(inspector.survey(signal)).rejects.toMatchObject({
    code: 'LIBVIRT_DENIED',
    message: expect.stringContaining('libvirt-sock-ro') as string,
    details: { systemError: numbers.systemError },
  })
  expect(heard).toEqual(['lost LIBVIRT_DENIED'])
})

it('does not take a file that libvirtd may not read for a refusal of this user', async () => {
  const { host, cycle, heard } = inspectorOf({ domains: two() })
  await cycle()
  host.script = ({ method, call }) => {
    if (method !== 'blockInfo') return undefined
    throw new FakeLibvirtError(call, 'cannot read image', { code: 38, domain: 10, systemError: 13 })
  }

  expect(lookAt(await cycle(), 'instance-1').unread.get('diskInfo')?.reason).toBe('no-data')
  expect(heard).toEqual([
    'connected',
    'failed in part instance-1: blockInfo failed: virDomainGetBlockInfo: cannot read image',
    'failed in part instance-2: blockInfo failed: virDomainGetBlockInfo: cannot read image',
  ])
})

it('says once that the connection is gone and once that it is back, with the time between', async () => {
  const { host, clock, cycle, heard } = inspectorOf({ domains: two() })
  await cycle()
  host.endConnections()
  await clock.advance(42)

  const after = await cycle()

  expect(lookAt(after, 'instance-2').memory.rssKiB).toBe(2)
  expect(heard).toEqual(['connected', 'lost LIBVIRT_UNREACHABLE', 'connected after 42 s'])
})

it('leaves no connection behind when it replaces one', async () => {
  const { host, cycle, inspector } = inspectorOf({
    domains: Array.from({ length: 30 }, (_, n) => runningDomain(n + 1)),
  })
  await cycle()
  const before = host.connections.size
  for (let round = 0; round < 5; round += 1) {
    host.endConnections()
    await cycle()
  }
  expect(host.connections.size).toBeLessThanOrEqual(before)

  await inspector.close()
  expect(host.connections.size).toBe(0)
})

it('replaces at once a connection that ended without a notice', async () => {
  const { host, cycle } = inspectorOf({ domains: two() })
  await cycle()
  let failures = 0
  host.script = ({ method, call }) => {
    if (method !== 'allDomainStats' || failures > 0) return undefined
    failures += 1
    throw new FakeLibvirtError(call, 'end of file while reading data', { code: 38, domain: 7 })
  }

  expect((await cycle()).survey.domains).toHaveLength(2)
})

it('gives the cycle up when the connection ends in the middle, and reads all in the next', async () => {
  const { host, cycle } = inspectorOf({ domains: two() })
  await cycle()
  host.script = ({ method, call }) => {
    if (method !== 'domainStats') return undefined
    throw new FakeLibvirtError(call, 'client socket is closed', { code: 1, domain: 7 })
  }
  await expect(cycle()).rejects.toMatchObject({ name: 'ConnectionError', code: 'LIBVIRT_UNREACHABLE' })
  host.script = undefined

  expect(lookAt(await cycle(), 'instance-1').memory.rssKiB).toBe(1)
})

it('gives up a daemon that does not answer, with one attempt out however long it is silent', async () => {
  const { host, inspector, cycleFor } = inspectorOf({ domains: two(), script: never })

  for (let round = 0; round < 4; round += 1) {
    await expect(cycleFor(10)).rejects.toMatchObject({ code: 'LIBVIRT_TIMEOUT' })
  }

  expect(host.calls.map(({ method }) => method)).toEqual(['openReadOnly'])
  expect(inspector.hungCalls).toBe(1)
})

it.each(['domainXml', 'domainStats', 'blockInfo'])(
  'takes libvirt for away when it stops answering at %s, in the same cycle, and says so once',
  async (method) => {
    const { host, cycle, cycleFor, clock, heard } = inspectorOf({ domains: two() }, { xmlRefreshSeconds: 1 })
    await cycle()
    await clock.advance(1)
    let silent = false
    host.script = (call) => {
      silent ||= call.method === method
      return silent ? never() : undefined
    }

    await expect(cycleFor(12)).rejects.toMatchObject({ name: 'ConnectionError', code: 'LIBVIRT_TIMEOUT' })

    expect(heard.filter((line) => line.startsWith('lost'))).toEqual(['lost LIBVIRT_TIMEOUT'])
    expect(heard.filter((line) => line.startsWith('stuck'))).toEqual([])
  },
)

it('uses a connection whose opening was slow, in the next cycle', async () => {
  let answer: (() => void) | undefined
  const slow = new Promise<void>((resolve) => {
    answer = resolve
  })
  const { host, clock, cycle, cycleFor } = inspectorOf({ domains: two(), script: () => slow })
  await expect(cycleFor(10)).rejects.toMatchObject({ code: 'LIBVIRT_TIMEOUT' })
  host.script = undefined
  answer?.()
  await clock.advance(1)

  expect((await cycle(['state'])).survey.domains).toHaveLength(2)
  expect(host.connections.size).toBe(1)
})

it('closes a connection that comes up only after it was given up', async () => {
  let comeUp: (() => void) | undefined
  const slow = new Promise<void>((resolve) => {
    comeUp = resolve
  })
  const { host, clock, cycleFor, inspector } = inspectorOf({ domains: two(), script: () => slow })
  await expect(cycleFor(10)).rejects.toMatchObject({ code: 'LIBVIRT_TIMEOUT' })
  await inspector.close()
  comeUp?.()
  await clock.advance(1)

  expect(host.connections.size).toBe(0)
})

it('does not wait for a daemon that does not answer when the connection is closed', async () => {
  const { host, clock, cycle, inspector } = inspectorOf({ domains: two() })
  await cycle()
  for (const connection of host.connections) connection.close = () => new Promise(() => undefined)
  let over = false
  void inspector.close().then(() => (over = true))

  await clock.advance(0.4)
  expect(over).toBe(false)
  await clock.advance(0.2)
  expect(over).toBe(true)
})

it('leaves no timer behind when the daemon answers the closing', async () => {
  const { clock, cycle, inspector } = inspectorOf({ domains: two() })
  await cycle()
  const before = clock.sleepers
  await inspector.close()

  expect(clock.sleepers).toBe(before)
})

it('holds one connection, however many calls are out', async () => {
  const { host, cycle } = inspectorOf({ domains: Array.from({ length: 30 }, (_, n) => runningDomain(n + 1)) })
  let most = 0
  host.script = () => {
    most = Math.max(most, host.connections.size)
    return undefined
  }
  await cycle()

  expect(most).toBe(1)
})

it('stops waiting when it is told to', async () => {
  const { inspector } = inspectorOf({ domains: two(), script: never })
  const stop = new AbortController()
  const survey = inspector.survey(stop.signal)
  stop.abort(new Error('the process is stopping'))

  await expect(survey).rejects.toThrow('the process is stopping')
})
