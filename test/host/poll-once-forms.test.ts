import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { wireJson, type WireValue } from '../../src/sample/wire-value.js'
import { judgeSignatures } from '../support/ceilometer-signatures.js'
import { novaProjectId, novaUserId } from '../support/domain-xml.js'
import { openLab, type LabDomain } from '../support/lab.js'
import { parseSamples } from '../support/virsh-volumes.js'
import { builtMain, runProgram, runVirtpoll, type Ended } from '../support/virtpoll.js'
import { parseWire, parseWireObject } from '../support/wire-parser.js'

const lab = openLab()
const defaultSecret = 'change this for valid signing'
let first: LabDomain
let second: LabDomain
let foreign: LabDomain

beforeAll(async () => {
  first = await lab.createDomain({ number: 0x301 }, 'paused')
  second = await lab.createDomain({ number: 0x302 }, 'paused')
  foreign = await lab.createDomain({ number: 0x303, metadata: '', name: 'foreign' }, 'paused')
})
afterAll(() => lab.removeDomains())

const poll = (...args: readonly string[]): Promise<Ended> => runVirtpoll(['poll-once', ...args])
const twoMeters = ['--meter', 'cpu', '--meter', 'memory']
const leftOut = '1 domain left out that Nova does not manage; --unmanaged polls it too\n'

describe('what poll-once prints', () => {
  test('is a table on a terminal', async () => {
    const command = `'${process.execPath}' '${builtMain}' poll-once ${twoMeters.join(' ')} 2>/dev/null`
    const { code, stdout } = await runProgram('script', [
      '--quiet',
      '--return',
      '--command',
      command,
      '/dev/null',
    ])
    const [heading, ...rows] = stdout.trimEnd().split('\r\n')
    expect([code, heading?.split(/ +/)]).toEqual([0, ['INSTANCE', 'METER', 'VOLUME', 'TYPE', 'RESOURCE']])
    expect(rows.map((row) => row.replace(/ {2,}/g, '  ').replace(/\d+ ns/, 'TIME ns')).sort()).toEqual(
      [first, second].flatMap(({ uuid, spec }) => [
        `vm-${spec.number}  cpu  TIME ns  cumulative  ${uuid}`,
        `vm-${spec.number}  memory  128 MiB  gauge  ${uuid}`,
      ]),
    )
    expect(new Set(rows.map((row) => row.indexOf('5ca1ab1e')))).toEqual(
      new Set([heading?.indexOf('RESOURCE')]),
    )
  })

  test('is one sample a line in a pipe, with the keys of the wire in their order', async () => {
    const { code, stdout, stderr } = await poll('--meter', '*')
    const lines = stdout.trimEnd().split('\n')
    for (const line of lines)
      expect(Object.keys(JSON.parse(line) as object)).toEqual([
        ...['source', 'counter_name', 'counter_type', 'counter_unit', 'counter_volume'],
        ...['user_id', 'user_name', 'project_id', 'project_name', 'resource_id', 'timestamp'],
        ...['resource_metadata', 'message_id', 'monotonic_time', 'message_signature'],
      ])
    expect(lines).toHaveLength(52)
    expect([code, stderr.includes(leftOut)]).toEqual([0, true])
  })

  test('has signatures that ceilometer verifies', async () => {
    const { stdout } = await poll('--meter', '*', '--format', 'jsonl')
    const lines = stdout.trimEnd().split('\n')
    const verdicts = judgeSignatures(lines, defaultSecret)
    expect(verdicts.map(({ verified, json }) => ({ verified, json }))).toEqual(
      lines.map((json) => ({ verified: true, json })),
    )
  })

  test('is one array as json, an empty one when there is nothing', async () => {
    const { stdout } = await poll(...twoMeters, '--format', 'json')
    expect(parseWire(stdout)).toHaveLength(4)
    expect((await poll('--format', 'json', '--instance', 'nobody')).stdout).toBe('[]\n')
  })

  test('is the envelope of oslo.messaging as notification, its samples signed', async () => {
    const { code, stdout } = await poll(...twoMeters, '--format', 'notification')
    const [line = '', ...others] = stdout.trimEnd().split('\n')
    const envelope = JSON.parse(line) as Record<string, string>
    const message = parseWireObject(envelope['oslo.message']!)
    expect([code, others, Object.keys(envelope)]).toEqual([0, [], ['oslo.version', 'oslo.message']])
    expect([envelope['oslo.version'], message]).toMatchObject([
      '2.0',
      { priority: 'SAMPLE', event_type: 'telemetry.polling', publisher_id: 'ceilometer.polling' },
    ])
    expect(message['_unique_id']).toMatch(/^[0-9a-f]{32}$/)
    expect(message['message_id']).toMatch(/^[0-9a-f-]{36}$/)
    const { samples } = message['payload'] as { readonly samples: readonly WireValue[] }
    const verdicts = judgeSignatures(samples.map(wireJson), defaultSecret)
    expect(verdicts.map(({ verified }) => verified)).toEqual([true, true, true, true])
  })

  test('may end at its first line without a complaint', async () => {
    const command = `'${process.execPath}' '${builtMain}' poll-once --meter '*' 2>/dev/null | head -1`
    const { code, stdout, stderr } = await runProgram('bash', ['-o', 'pipefail', '-c', command])
    expect([code, parseSamples(stdout).length, stderr]).toEqual([0, 1, ''])
  })

  test('that cannot be written is a failure', async () => {
    const command = `'${process.execPath}' '${builtMain}' poll-once ${twoMeters.join(' ')} >/dev/full`
    const { code, stderr } = await runProgram('bash', ['-c', command])
    expect([code, stderr]).toEqual([1, expect.stringContaining('standard output cannot be written: ENOSPC')])
  })
})

describe('what poll-once polls', () => {
  test.each([
    ['UUID', () => first.uuid],
    ['name', () => `vm-${first.spec.number}`],
    ['libvirt name', () => first.name],
  ])('is one instance by its %s', async (_what, name) => {
    const { code, stdout } = await poll('--meter', 'cpu', '--instance', name())
    expect([code, parseSamples(stdout).map(({ resource_id: id }) => id)]).toEqual([0, [first.uuid]])
  })

  test('may be several instances; one that does not exist is named, and the end is 1', async () => {
    const instances = [first.uuid, second.name, 'nobody'].flatMap((name) => ['--instance', name])
    const { code, stdout, stderr } = await poll('--meter', 'cpu', ...instances)
    expect(parseSamples(stdout)).toHaveLength(2)
    expect([code, stderr]).toEqual([1, `--instance nobody: no instance has this UUID or name\n${leftOut}`])
  })

  test.each([
    ['memory.residnet', 'no pollster has a meter "memory.residnet"; did you mean "memory.resident"?'],
    ['nonsense.*', 'no pollster has a meter "nonsense.*"; `virtpoll meters` lists those there are'],
  ])('is said not to have the meter %s, others are polled, and the end is 1', async (meter, remark) => {
    const { code, stdout, stderr } = await poll('--meter', 'cpu', '--meter', meter)
    expect(parseSamples(stdout)).toHaveLength(2)
    expect([code, stderr]).toEqual([1, `--meter ${meter}: ${remark}\n${leftOut}`])
  })

  test('has computed meters as figures that need two looks, and ends well', async () => {
    const { code, stdout, stderr } = await poll('--meter', 'cpu_util')
    expect([code, stdout, stderr]).toEqual([
      ...[0, ''],
      expect.stringMatching(/^2 figures missing:\n {2}cpu_util: needs-two-looks, .*\n1 domain left out/),
    ])
  })

  test('has domains that Nova does not manage only with --unmanaged', async () => {
    const { code, stdout, stderr } = await poll('--meter', 'cpu', '--unmanaged')
    const samples = parseSamples(stdout)
    expect([code, stderr]).toEqual([0, ''])
    const ids = samples.map(({ resource_id: id }) => id)
    expect(ids.sort()).toEqual([first.uuid, second.uuid, foreign.uuid])
    const nobody = { source: 'libvirt', user_id: null, user_name: null, project_id: null, project_name: null }
    expect(samples.find(({ resource_id: id }) => id === foreign.uuid)).toMatchObject(nobody)
    expect(samples.find(({ resource_id: id }) => id === first.uuid)).toMatchObject({
      ...{ source: 'openstack', user_id: novaUserId, project_id: novaProjectId },
    })
  })
})
