import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as nodeLibvirt from '#node-libvirt'
import { faultScale } from '../support/fault-scale.js'
import { openLab, type LabDomain } from '../support/lab.js'
import { clean, runSanitized, startSanitized } from '../support/sanitized.js'
import { endOf, type Ended } from '../support/virtpoll.js'
import { virsh } from '../support/virsh.js'

const lab = openLab()
const socket = '/run/libvirt/libvirt-sock-ro'
const threeDomains = fileURLToPath(new URL('../fixtures/libvirt/three-domains.xml', import.meta.url))
const onTestDriver = {
  uri: `test://${threeDomains}`,
  uuid: '11111111-1111-4111-8111-111111111111',
  offUuid: '33333333-3333-4333-8333-333333333333',
  disk: 'vda',
  vnic: 'tap-web',
}

/** For each way of asking the outcome of each method. */
type Outcomes = Readonly<Record<string, Readonly<Record<string, string>>>>

interface EveryCall {
  readonly result: Outcomes
  /** Functions of the addon, and those that were called. */
  readonly names: readonly string[]
  readonly called: readonly string[]
}

const methods = [
  'isAlive onClose setKeepAlive hypervisorType hypervisorVersion libvirtVersion hostname nodeInfo listDomains',
  'allDomainStats domainStats domainState domainInfo domainControlInfo memoryStats blockStats blockStatsParameters',
  'blockInfo interfaceStats domainXml domainMetadata onDomainEvent close',
].flatMap((line) => line.split(' '))
const aboutDomains = methods.slice(methods.indexOf('domainStats'), methods.indexOf('onDomainEvent'))
const withArguments = methods.filter(
  (method) => !/^(isAlive|hypervisor.*|libvirtVersion|hostname|nodeInfo|close)$/.test(method),
)

const all = (
  names: readonly string[],
  outcome: string,
  exceptions: Readonly<Record<string, string>> = {},
) => ({
  ...Object.fromEntries(names.map((name) => [name, outcome])),
  ...exceptions,
})

/** What the driver has no call for. */
const everywhere = (missing: Readonly<Record<string, string>>): Outcomes => ({
  right: all(methods, 'answers', missing),
  wrongType: all(withArguments, 'TypeError'),
  refused: all(['listDomains', 'allDomainStats'], 'libvirt 8'),
  unknownDomain: all(aboutDomains, 'libvirt 42', { domainStats: 'answers' }),
  noUuid: all(aboutDomains, 'libvirt 8'),
  domainThatIsOff: {
    ...all(['domainStats', 'domainState', 'domainInfo', 'domainXml'], 'answers'),
    ...all(['domainControlInfo', 'memoryStats', 'blockStats', 'interfaceStats'], 'libvirt 55'),
    ...all(['blockStatsParameters'], 'libvirt 55', missing),
    domainMetadata: 'libvirt 80',
  },
  unknownDevice: all(
    ['blockStats', 'blockInfo', 'interfaceStats', 'blockStatsParameters'],
    'libvirt 8',
    missing,
  ),
  afterClose: all(methods, 'libvirt 0'),
  many: all(
    Array.from({ length: 30 }, (_, index) => String(index)),
    'answers',
  ),
})

/** The outcome of a call whose answer was cut off; those that need no answer have one. */
const cutOff = all(
  methods,
  'libvirt 38',
  all(['isAlive', 'setKeepAlive', 'hypervisorType', 'close'], 'answers'),
)

const onDaemon: Outcomes = {
  answeredLate: all(methods, 'answers'),
  cutOff,
  afterTheEnd: all(methods, 'libvirt 1', { isAlive: 'answers', close: 'answers' }),
}

let onDriver: Ended
let domain: LabDomain
let off: LabDomain
const given = () => ({
  ...{ uri: 'qemu:///system', socket, uuid: domain.uuid, offUuid: off.uuid, name: domain.name },
  ...{ disk: 'vda', vnic: domain.taps[0]! },
})

beforeAll(async () => {
  onDriver = await runSanitized({ name: 'every-call', given: onTestDriver, unwind: 'fast' })
  domain = await lab.createDomain({ number: 61 }, 'paused')
  off = await lab.createDomain({ number: 62 }, 'defined')
  await virsh(['metadata', domain.name, '--uri', 'urn:example:note', '--key', 'note', '--set', '<a/>'])
})
afterAll(async () => {
  await lab.service('libvirtd', 'start')
  await lab.removeDomains()
})

describe('no sanitizer finds anything in the binding', () => {
  it('when every call answers and fails in every way, on the test driver', () => {
    const { result } = clean(onDriver) as EveryCall

    // Nothing to find out about a disk of a domain that is off.
    const { blockInfo, ...domainThatIsOff } = result['domainThatIsOff']!
    expect(blockInfo).toBe('libvirt 8')
    expect({ ...result, domainThatIsOff }).toMatchObject(everywhere({ blockStatsParameters: 'libvirt 3' }))
  })

  it('when every call answers, fails, hangs, answers late and is cut off, on libvirtd', async () => {
    const { result } = clean(await runSanitized({ name: 'every-call', given: given() })) as EveryCall

    expect(result).toMatchObject({ ...everywhere({}), ...onDaemon })
    for (const way of ['whileClosing', 'closedThenAnswered', 'closedThenCutOff'])
      expect(Object.keys(result[way]!)).toEqual(methods)
  })

  it('when libvirtd is killed with every call out', async () => {
    const program = startSanitized({ name: 'daemon-dies', given: given() })
    const ended = endOf(program)
    const said = () => once(program.stdout!, 'data')
    await said()
    const pid = await lab.servicePid('libvirtd')
    process.kill(pid, 'SIGSTOP')
    program.stdin!.write('go')
    await said()
    await lab.service('libvirtd', 'kill')
    const { result } = clean(await ended) as Pick<EveryCall, 'result'>
    await lab.service('libvirtd', 'start')

    expect(result).toEqual(cutOff)
  })

  it('when listeners throw, close their connection, and are late', async () => {
    const rounds = faultScale({ reduced: 5, full: 50 })
    const counted = clean(await runSanitized({ name: 'listeners', given: { ...given(), rounds } }))

    expect(counted).toEqual({ thrown: rounds, closing: rounds, ended: rounds, uncaught: 2 * rounds })
  })

  it('when worker threads end with every call out', async () => {
    const rounds = faultScale({ reduced: 4, full: 40 })
    const left = clean(await runSanitized({ name: 'worker-ends', given: { ...given(), rounds } }))

    expect(left).toMatchObject({ callsOut: 0, connections: 0 })
  })

  it.each(['exit', 'throw', 'answers', 'cut', 'close', 'worker'])(
    'when the process ends with every call out: %s',
    async (end) => {
      const times = faultScale({ reduced: 1, full: 10 })
      for (let time = 0; time < times; time += 1) {
        const program = { name: 'process-ends', given: { ...given(), end }, leaks: false }
        const { code, stderr } = await runSanitized(program)

        expect(stderr).not.toMatch(/Sanitizer|runtime error/)
        expect({ code, stderr }).toMatchObject({ code: 7 })
      }
    },
  )

  it('when connections come and go', async () => {
    const rounds = faultScale({ reduced: 20, full: 1000 })
    const ended = await runSanitized({ name: 'open-close', given: { ...given(), rounds } })

    expect(clean(ended)).toMatchObject({ remaining: [0], activity: { callsOut: 0, connections: 0 } })
  })
})

describe('the run with the sanitizers', () => {
  it('makes every call that the binding has', async () => {
    const { names, called, result } = clean(onDriver) as EveryCall
    const connection = await nodeLibvirt.openReadOnly('test:///default')
    const prototype = Object.getPrototypeOf(connection) as object
    await connection.close()
    const isMethod = (name: string) => !['constructor', 'open'].includes(name)

    expect([...called].sort()).toEqual([...names].sort())
    expect(Object.getOwnPropertyNames(prototype).filter(isMethod).sort()).toEqual([...methods].sort())
    expect(Object.keys(result['right']!).sort()).toEqual([...methods].sort())
  })
})
