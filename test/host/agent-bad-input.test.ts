import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { beganAt, everything, removeAgents, startAgent, type Agent, type LogLine } from '../support/agent.js'
import { novaMetadata, novaUserId } from '../support/domain-xml.js'
import { openLab, type LabDomain } from '../support/lab.js'
import { virsh } from '../support/virsh.js'
import { parseSamples } from '../support/virsh-volumes.js'
import { folderOf, runVirtpoll } from '../support/virtpoll.js'

const lab = openLab()
const ofOneGuest = 26
let good: LabDomain

beforeAll(async () => {
  good = await lab.createDomain({ number: 0x801 }, 'paused')
})
afterEach(removeAgents)
afterAll(() => lab.removeDomains())

/** Lines that are neither of a cycle nor of start and end. */
const remarks = (agent: Agent): readonly LogLine[] =>
  agent.lines.filter(
    ({ msg }) => !['agent started', 'libvirt connected', 'cycle', 'stopping', 'agent stopped'].includes(msg),
  )

describe('Nova metadata', () => {
  const uuids = `<nova:user uuid='${novaUserId}'>u</nova:user>`
  const cases = [
    ['without an owner', novaMetadata({ owner: ' ' }), 'owner'],
    ['without a project', novaMetadata({ owner: `<nova:owner>${uuids}</nova:owner>` }), 'project'],
    ['without a flavor', novaMetadata({ flavor: ' ' }), 'flavor'],
    [
      'with a flavor of words',
      novaMetadata({ flavor: `<nova:flavor name='m1'><nova:vcpus>many</nova:vcpus></nova:flavor>` }),
      'vcpus',
    ],
    [
      'with nothing in it',
      `<nova:instance xmlns:nova='http://openstack.org/xmlns/libvirt/nova/1.1'/>`,
      'owner',
    ],
  ] as const

  afterEach(async () => {
    await Promise.all(damaged.splice(0).map((domain) => domain.remove()))
  })
  const damaged: LabDomain[] = []

  test('that is damaged costs at most its own domain, and is said once for each', async () => {
    for (const [index, [, metadata]] of cases.entries())
      damaged.push(
        await lab.createDomain({ number: 0x810 + index, metadata, disks: [], vnics: [] }, 'paused'),
      )
    const agent = await startAgent()
    await agent.freshCycle()
    await agent.freshCycle()
    for (const [index, [what, , names]] of cases.entries()) {
      const said = remarks(agent).filter(({ uuid }) => uuid === damaged[index]!.uuid)
      expect([what, said.length, said.every(({ detail }) => String(detail).includes(names))]).toEqual([
        what,
        1,
        true,
      ])
    }
    expect(remarks(agent).filter(({ uuid }) => uuid === good.uuid)).toEqual([])
    const { stdout, stderr } = await runVirtpoll(['poll-once', '--meter', '*'])
    const samples = parseSamples(stdout)
    expect(samples.filter(({ resource_metadata: { instance_id: id } }) => id === good.uuid)).toHaveLength(
      ofOneGuest,
    )
    for (const { name } of damaged) expect(stderr).toContain(name)
    expect(agent.cycles().at(-1)!.samples).toBe(samples.length)
  })

  test('that is mended is used in the next cycle', async () => {
    const domain = await lab.createDomain({ number: 0x820, metadata: cases[0][1] }, 'paused')
    damaged.push(domain)
    const agent = await startAgent({ polling: { sources: [{ name: 'a', interval: 1, meters: ['vcpus'] }] } })
    expect(await agent.freshCycle()).toMatchObject({ instances: 1 })
    const uri = 'http://openstack.org/xmlns/libvirt/nova/1.1'
    const mended = novaMetadata({})
      .replaceAll('nova:', '')
      .replace('xmlns:nova', 'xmlns:n')
      .replace(/xmlns:n="[^"]*"/, '')
    await virsh(['metadata', domain.name, '--uri', uri, '--key', 'nova', '--set', mended, '--live'])
    expect(await agent.freshCycle()).toMatchObject({ instances: 2, samples: 2 })
  })
})

describe('a domain that Nova does not manage', () => {
  test('is left out and said once; discovery.unmanaged: report polls it', async () => {
    const foreign = await lab.createDomain({ number: 0x830, name: 'foreign', metadata: '' }, 'paused')
    const agent = await startAgent()
    await agent.freshCycle()
    expect(await agent.freshCycle()).toMatchObject({ instances: 1, samples: ofOneGuest })
    expect(remarks(agent)).toMatchObject([{ msg: 'left out', uuid: foreign.uuid, reason: 'unmanaged' }])
    await agent.stop()
    const reporting = await startAgent({ agent: { discovery: { unmanaged: 'report' } } })
    // Two of the meters are Nova's flavor.
    expect(await reporting.freshCycle()).toMatchObject({ instances: 2, samples: 2 * ofOneGuest - 2 })
    expect(remarks(reporting)).toEqual([])
    await foreign.remove()
  })
})

describe('a domain that vanishes', () => {
  test('between two cycles is no fault: the next cycle has the others', async () => {
    const going = await lab.createDomain({ number: 0x840 }, 'paused')
    const agent = await startAgent()
    expect(await agent.freshCycle()).toMatchObject({ instances: 2, samples: 2 * ofOneGuest })
    await going.remove()
    expect(await agent.freshCycle()).toMatchObject({ instances: 1, samples: ofOneGuest })
    expect(remarks(agent)).toEqual([])
  })

  test('at any moment of a cycle costs the others no sample, and is no complaint', async () => {
    const going: LabDomain[] = []
    for (let number = 0x850; number < 0x857; number += 1)
      going.push(await lab.createDomain({ number, vnics: [] }, 'paused'))
    const agent = await startAgent()
    const begun = beganAt(await agent.freshCycle())
    for (const [round, { name }] of going.entries()) {
      // Each a little later in its cycle, from shortly before it on.
      await sleep(begun + (round + 1) * 1000 - 60 + round * 20 - Date.now())
      await virsh(['destroy', name])
    }
    expect(await agent.freshCycle()).toMatchObject({ instances: 1, samples: ofOneGuest })
    for (const { samples, expected, missing } of agent.cycles()) {
      const { 'no-data': noData = 0, 'not-found': gone = 0, 'shut-off': off = 0, ...others } = missing
      expect([samples >= ofOneGuest, samples + noData + gone + off, others]).toEqual([true, expected, {}])
    }
    expect(agent.complaints()).toEqual([])
  })
})

describe('a polling.yaml', () => {
  test('with meters that nobody has is taken, each said once with a suggestion', async () => {
    const meters = ['vcpus', 'memory.residnet', 'hardware.cpu.load', 'cpu.*.x']
    const agent = await startAgent({ polling: { sources: [{ name: 'a', interval: 1, meters }] } })
    expect(await agent.freshCycle()).toMatchObject({ samples: 1, expected: 1 })
    const warnings = agent.complaints().map(({ msg }) => msg)
    expect(warnings).toHaveLength(3)
    expect(warnings[0]).toMatch(
      /polling\.yaml:1:\d+ sources\[0\]\.meters\[1\]: .*did you mean "memory\.resident"\?/,
    )
  })

  test('whose source selects nothing is no reason to stop', async () => {
    const agent = await startAgent({
      polling: { sources: [{ name: 'a', interval: 1, meters: ['nothing'] }] },
    })
    expect(await agent.freshCycle()).toMatchObject({ samples: 0, expected: 0 })
    expect((await agent.stop()).code).toBe(0)
  })
})

describe("a user's pollster", () => {
  const pollsterFile = (pollsters: Readonly<Record<string, string>>) =>
    `export default { apiVersion: 1, pollsters: [${Object.entries(pollsters)
      .map(
        ([meter, poll]) =>
          `{ meter: '${meter}', type: 'gauge', unit: '', number: 'int', needs: [], per: 'instance', description: 'd',
            poll: ${poll} }`,
      )
      .join(',')}] }`

  const faults = {
    'own.throws': '() => { throw new Error("no licence") }',
    'own.rejects': 'async () => { throw "just text" }',
    'own.nothing': '() => undefined',
    'own.text': '() => [{ volume: "7" }]',
    'own.nan': '() => [{ volume: NaN }]',
    'own.half': '() => [{ volume: 0.5 }]',
    'own.unsayable': '() => [{ volume: 1, metadata: { at: () => 1 } }]',
  }
  const own = (files: Readonly<Record<string, string>>) => ({
    agent: { polling: { pollsters: Object.keys(files) } },
    files,
  })

  test('that throws or gives nonsense costs only its own figure, and is said once', async () => {
    const files = { 'own.mjs': pollsterFile({ ...faults, 'own.good': '() => [{ volume: 7n }]' }) }
    const agent = await startAgent(own(files))
    await agent.freshCycle()
    const cycle = await agent.freshCycle()
    expect(cycle).toMatchObject({ samples: ofOneGuest + 1, missing: { failed: Object.keys(faults).length } })
    expect(cycle['unaccounted']).toBeUndefined()
    const said = agent.complaints()
    expect(said.map(({ meter }) => meter).sort()).toEqual(Object.keys(faults).sort())
    const { level, err } = said.find(({ meter }) => meter === 'own.throws')!
    expect([level, err!.code, err!.message.includes('no licence')]).toEqual([
      'error',
      'POLLSTER_FAILED',
      true,
    ])
  })

  test('that gives too little or too much is counted as unaccounted, and costs nothing else', async () => {
    const files = { 'own.mjs': pollsterFile({ 'own.none': '() => []' }) }
    const agent = await startAgent(own(files))
    expect(await agent.freshCycle()).toMatchObject({ samples: ofOneGuest, unaccounted: 1 })
  })

  test('that never resolves loses its share of the cycle and its own figure', async () => {
    const files = { 'own.mjs': pollsterFile({ 'own.never': '() => new Promise(() => {})' }) }
    const agent = await startAgent({ ...own(files), polling: everything(30) })
    const cycle = await agent.line(({ msg }) => msg === 'cycle')
    expect(cycle).toMatchObject({ samples: ofOneGuest, missing: { failed: 1 } })
    expect(agent.complaints()).toMatchObject([{ meter: 'own.never', err: { code: 'POLLSTER_FAILED' } }])
    expect((await agent.stop()).code).toBe(0)
  })

  test('fails poll-once with 1 and its own words, beside the samples of the others', async () => {
    const cwd = await folderOf({
      'agent.yaml': { polling: { pollsters: ['own.mjs'] } },
      'own.mjs': pollsterFile({ 'own.throws': faults['own.throws'] }),
    })
    const args = ['poll-once', '--config', 'agent.yaml', '--meter', 'vcpus', '--meter', 'own.*']
    const { code, stdout, stderr } = await runVirtpoll(args, { cwd })
    expect([code, parseSamples(stdout).length]).toEqual([1, 1])
    expect(stderr).toContain(`the pollster of own.throws failed for ${good.uuid}: no licence\n`)
  })
})
