import { expect, it } from 'vitest'
import { FakeLibvirtError, answerTooLarge, domainNotFound, unsupported } from '../../support/fake-binding.js'
import type { FakeHost } from '../../support/fake-host.js'
import { domainXml, inspectorOf, lookAt, runningDomain } from '../../support/inspector.js'

const xmlReads = (host: FakeHost) =>
  host.calls.filter(({ method }) => method === 'domainXml').map(({ uuids }) => Number(uuids[0]!.slice(-3)))

const event = { event: -1, detail: -1, subject: '' }

it('lists running and stopped domains with state, reason and id', async () => {
  const domains = [
    runningDomain(1, { stats: 'state.state=3\nstate.reason=1' }),
    runningDomain(2, { id: -1, stats: 'state.state=5\nstate.reason=2' }),
  ]
  const { survey } = await inspectorOf({ domains }).cycle([])

  expect(survey.domains).toMatchObject([
    { name: 'instance-1', id: 1, state: 3, stateReason: 1 },
    { name: 'instance-2', id: undefined, state: 5, stateReason: 2 },
  ])
})

it('lists domain by domain where the driver has no bulk statistics', async () => {
  const { cycle } = inspectorOf({
    domains: [runningDomain(1, { state: 3, reason: 5 }), runningDomain(2)],
    hypervisorType: 'LXC',
    script: ({ method, call, uuids }) => {
      if (method === 'allDomainStats') throw unsupported(call)
      if (method === 'domainState' && uuids[0]!.endsWith('2')) throw domainNotFound(call, uuids[0]!)
      return undefined
    },
  })

  expect((await cycle([])).survey.domains).toMatchObject([{ name: 'instance-1', state: 3, stateReason: 5 }])
})

it('leaves out a domain whose XML is more than libvirt can send, and that domain alone', async () => {
  const { cycle } = inspectorOf({
    domains: [runningDomain(1), runningDomain(2)],
    script: ({ method, call, uuids }) => {
      if (method === 'domainXml' && uuids[0]!.endsWith('2')) throw answerTooLarge(call)
      return undefined
    },
  })
  const { survey } = await cycle()

  expect(survey.domains).toMatchObject([{ name: 'instance-1' }])
  expect(survey.unreadable).toMatchObject([{ name: 'instance-2', error: { code: 'LIBVIRT_CALL_FAILED' } }])
})

it('reads the XML of a domain once and keeps its description', async () => {
  const { host, cycle } = inspectorOf({ domains: [runningDomain(1)] })
  const first = await cycle()
  const second = await cycle()

  expect(xmlReads(host)).toEqual([1])
  expect(second.survey.domains[0]?.description).toBe(first.survey.domains[0]?.description)
})

it.each([
  'lifecycle',
  'metadata-change',
  'device-added',
  'device-removed',
  'tray-change',
  'disk-change',
] as const)('reads the XML again after a %s event, and only of that domain', async (kind) => {
  const { host, cycle } = inspectorOf({ domains: [runningDomain(1), runningDomain(2)] })
  await cycle()
  host.calls.length = 0
  const { uuid, name } = host.domains[1]!
  host.emit({ ...event, kind, uuid, name })

  await cycle()

  expect(xmlReads(host)).toEqual([2])
})

it('keeps the description when the XML that is read again has not changed', async () => {
  const { host, cycle } = inspectorOf({ domains: [runningDomain(1)] })
  const first = await cycle()
  host.endConnections()
  host.calls.length = 0
  const second = await cycle()

  expect(xmlReads(host)).toEqual([1])
  expect(second.survey.domains[0]?.description).toBe(first.survey.domains[0]?.description)
})

it('reads the XML of a domain that was started anew', async () => {
  const { host, cycle } = inspectorOf({ domains: [runningDomain(1), runningDomain(2)] })
  const before = lookAt(await cycle(), 'instance-1')
  host.calls.length = 0
  host.domains[0]!.id = 77
  const after = lookAt(await cycle(), 'instance-1')

  expect(xmlReads(host)).toEqual([1])
  expect(after.epoch).not.toBe(before.epoch)
})

it('reads the XML when the statistics name a device that it does not have, and finds the device', async () => {
  const { host, cycle } = inspectorOf({ domains: [runningDomain(1), runningDomain(2)] })
  await cycle()
  const domain = host.domains[0]!
  domain.stats = `${domain.stats!}\nblock.1.name=vdb\nblock.1.rd.reqs=5`
  domain.xml = domainXml({ ...domain, tap: 'tap1', disks: ['vda', 'vdb'] })
  await cycle()
  host.calls.length = 0

  const look = lookAt(await cycle(), 'instance-1')

  expect(xmlReads(host)).toEqual([1])
  expect(look.disks.map(({ device, readRequests }) => [device, readRequests])).toEqual([
    ['vda', 1],
    ['vdb', 5],
  ])
})

it('does not read the XML again and again for a difference that stays', async () => {
  const { host, cycle } = inspectorOf({
    domains: [runningDomain(1, { stats: `${runningDomain(1).stats ?? ''}\nnet.1.name=odd0` })],
  })
  await cycle()
  await cycle()
  host.calls.length = 0
  await cycle()

  expect(xmlReads(host)).toEqual([])
})

it('reads all XML again within the refresh time, a few domains each cycle', async () => {
  const { host, clock, cycle } = inspectorOf(
    { domains: Array.from({ length: 30 }, (_, n) => runningDomain(n + 1)) },
    { xmlRefreshSeconds: 300 },
  )
  await cycle(['state'])
  host.calls.length = 0
  const perCycle: number[] = []
  for (let round = 0; round < 10; round += 1) {
    const before = xmlReads(host).length
    await clock.advance(30)
    await cycle(['state'])
    perCycle.push(xmlReads(host).length - before)
  }

  expect(perCycle).toEqual(Array(10).fill(3))
  expect(new Set(xmlReads(host)).size).toBe(30)
})

it('names a domain whose XML is damaged, and reads the others', async () => {
  const { cycle, heard } = inspectorOf({
    domains: [runningDomain(1, { xml: '<domain><name>' }), runningDomain(2)],
  })

  const { survey, looks } = await cycle()
  await cycle()

  expect(survey.unreadable).toMatchObject([{ name: 'instance-1', error: { code: 'DOMAIN_XML_INVALID' } }])
  expect([...looks.keys()]).toEqual(['instance-2'])
  expect(heard).toEqual(['connected', 'failed instance-1'])
})

it('drops a domain that vanishes between the listing and its XML', async () => {
  const { cycle } = inspectorOf({
    domains: [runningDomain(1), runningDomain(2)],
    script: ({ method, call, uuids }) => {
      if (method === 'domainXml' && uuids[0]!.endsWith('1')) throw domainNotFound(call, uuids[0]!)
      return undefined
    },
  })

  const { survey } = await cycle()

  expect(survey.domains.map(({ name }) => name)).toEqual(['instance-2'])
  expect(survey.unreadable).toEqual([])
})

it('keeps what it knew of a domain whose XML cannot be read again', async () => {
  const { host, cycle } = inspectorOf({ domains: [runningDomain(1)] })
  const first = await cycle()
  const { uuid, name } = host.domains[0]!
  host.emit({ ...event, kind: 'metadata-change', uuid, name })
  host.script = ({ method, call }) => {
    if (method === 'domainXml') throw new FakeLibvirtError(call, 'internal error', { code: 1, domain: 10 })
    return undefined
  }

  const second = await cycle()

  expect(second.survey.domains[0]?.description).toBe(first.survey.domains[0]?.description)
})
