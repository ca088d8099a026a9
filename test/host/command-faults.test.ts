import { afterEach, describe, expect, test } from 'vitest'
import { folderOf, removeFolders, runVirtpoll } from '../support/virtpoll.js'

afterEach(removeFolders)

describe('a libvirt that is out of reach', () => {
  test.each([
    [
      'whose socket is missing',
      'qemu+unix:///system?socket=/nonexistent/libvirt-sock',
      /Failed to connect socket/,
    ],
    [
      'whose port is closed',
      'qemu+tcp://127.0.0.1:1/system',
      /unable to connect to server|Connection refused/,
    ],
    ['whose driver there is not', 'nonsense:///system', /no connection driver available/],
    ['whose address is none', 'nonsense', /no connection driver available/],
  ])('%s: one clear line and 69', async (_what, uri, why) => {
    const { code, stdout, stderr } = await runVirtpoll(['poll-once', '--connect', uri, '--meter', '*'])
    expect([code, stdout, stderr.trimEnd().split('\n')]).toEqual([
      ...[69, ''],
      [expect.stringMatching(/^no connection to libvirt at .*: .*; see whether libvirtd .* runs/)],
    ])
    expect(stderr).toContain(uri)
    expect(stderr).toMatch(why)
  })

  test('whose test host has no description: 69, after what the XML library says by itself', async () => {
    const { code, stdout, stderr } = await runVirtpoll(['poll-once', '--connect', 'test:///nonexistent.xml'])
    expect([code, stdout, stderr.trimEnd().split('\n').at(-1)]).toEqual([
      ...[69, ''],
      expect.stringMatching(/^no connection to libvirt at test:\/\/\/nonexistent\.xml: /),
    ])
  })

  test('costs no second look either', async () => {
    const connect = ['--connect', 'qemu+unix:///system?socket=/nonexistent/libvirt-sock']
    const { code, seconds } = await runVirtpoll([
      'poll-once',
      ...connect,
      '--meter',
      'cpu_util',
      '--over',
      '30',
    ])
    expect([code, seconds < 10]).toEqual([69, true])
  })
})

const badPolling = `sources:
  - name: first
    interval: soon
    meters: [cpu]
  - name: second
    interval: 60
    meters: ['*', '!']
    meters: [memory]
  - name: third
    interval: 60
    metres: [cpu]
`

const commands = ['poll-once', 'agent', 'check']

describe('a bad polling.yaml', () => {
  test.each(commands)('stops %s with 78 and every fault at its line and column', async (command) => {
    const files = { 'agent.yaml': { http: null, publisher: { driver: 'noop' } }, 'polling.yaml': badPolling }
    const cwd = await folderOf(files)
    const { code, stdout, stderr } = await runVirtpoll([command, '--config', 'agent.yaml'], { cwd })
    expect([code, command === 'check' || stdout === '']).toEqual([78, true])
    expect(stderr).toMatch(/^polling\.yaml:3:15 sources\[0\]\.interval: .*"soon"/m)
    expect(stderr).toMatch(/^polling\.yaml:8:5 the key "meters" .* second time, the first is at 7:5/m)
    expect(stderr).toMatch(/^polling\.yaml:9:5 sources\[2\]: has no meters/m)
    expect(stderr).toMatch(/^polling\.yaml:11:5 sources\[2\]\.metres: .*did you mean "meters"/m)
  })

  test.each([
    ['is empty', '', /^polling\.yaml: .*an empty file/m],
    ['holds only a comment', '# later\n', /^polling\.yaml: .*an empty file/m],
    ['has no sources', 'sources: []\n', /^polling\.yaml:1:10 sources: is empty/m],
    ['is no YAML', 'sources: [\n', /^polling\.yaml:2:1 this is not YAML/m],
    ['is a list', '- cpu\n', /^polling\.yaml:1:1 .*mapping/m],
    ['has a source that is a number', 'sources: [7]\n', /^polling\.yaml:1:11 sources\[0\]: /m],
    [
      'has meters that are a mapping',
      'sources: [{name: a, interval: 5, meters: {cpu: 1}}]\n',
      /^polling\.yaml:1:42 sources\[0\]\.meters: /m,
    ],
    ['is no text', '\u0000\u0001', /^polling\.yaml/m],
  ])('that %s is refused with its place', async (_what, polling, says) => {
    const cwd = await folderOf({ 'polling.yaml': polling })
    const { code, stdout, stderr } = await runVirtpoll(['poll-once', '--polling', 'polling.yaml'], { cwd })
    expect([code, stdout]).toEqual([78, ''])
    expect(stderr).toMatch(says)
  })
})

describe('a bad agent.yaml', () => {
  test.each(commands)('stops %s with 78, a place and a suggestion', async (command) => {
    const cwd = await folderOf({ 'agent.yaml': 'libvirt:\n  url: qemu:///system\nhttp: {listen: nowhere}\n' })
    const { code, stderr } = await runVirtpoll([command, '--config', 'agent.yaml'], { cwd })
    expect(code).toBe(78)
    expect(stderr).toMatch(/^agent\.yaml:2:3 libvirt\.url: .*did you mean "uri"/m)
    expect(stderr).toMatch(/^agent\.yaml:3:16 http\.listen: /m)
  })

  test('never shows a secret', async () => {
    const files = {
      'agent.yaml': {
        publisher: { transport_url: 'rabbit://user:hunter2@host:port/', telemetry_secret: 'hunter3' },
      },
    }
    const cwd = await folderOf(files)
    const { code, stdout, stderr } = await runVirtpoll(['check', '--config', 'agent.yaml'], { cwd })
    expect([code, `${stdout}${stderr}`.includes('hunter')]).toEqual([78, false])
  })
})

describe('a file that is not there', () => {
  test.each([
    ['poll-once', '--config', /no-such\.yaml.* does not exist/],
    ['agent', '--config', /no-such\.yaml.* does not exist/],
    ['check', '--polling', /no-such\.yaml.* does not exist/],
    ['poll-once', '--polling', /no-such\.yaml.* does not exist/],
  ])('%s %s no-such.yaml ends with 78 and names it', async (command, option, says) => {
    const { code, stderr } = await runVirtpoll([command, option, 'no-such.yaml'])
    expect([code, stderr]).toEqual([78, expect.stringMatching(says)])
  })

  test('of a pollster stops the agent with 78 and is named', async () => {
    const cwd = await folderOf({ 'agent.yaml': { polling: { pollsters: ['gone.mjs'] } } })
    const { code, stderr } = await runVirtpoll(['agent', '--config', 'agent.yaml'], { cwd })
    expect([code, stderr]).toEqual([
      78,
      expect.stringContaining(`pollster file ${cwd}/gone.mjs cannot be loaded`),
    ])
  })
})

describe('a pollster file that cannot be used', () => {
  test.each([
    ['is no JavaScript', 'export default {{', 'cannot be loaded'],
    ['throws when it is loaded', 'throw new Error("no licence")', 'cannot be loaded: no licence'],
    ['gives nothing', 'export const other = 1', 'its default export must be'],
    ['is of another version', 'export default { apiVersion: 2, pollsters: [] }', 'apiVersion must be 1'],
    [
      'has a pollster without poll',
      'export default { apiVersion: 1, pollsters: [{ meter: "a" }] }',
      'pollsters[0]',
    ],
  ])('stops the agent with 78 when it %s', async (_what, code, says) => {
    const agent = { http: null, publisher: { driver: 'noop' }, polling: { pollsters: ['own.mjs'] } }
    const cwd = await folderOf({ 'agent.yaml': agent, 'own.mjs': code })
    const ended = await runVirtpoll(['agent', '--config', 'agent.yaml'], { cwd })
    expect([ended.code, ended.stderr]).toEqual([78, expect.stringContaining(says)])
    expect(ended.stderr).toContain(`${cwd}/own.mjs`)
  })
})

describe('usage', () => {
  test.each([
    [['nonsense'], "unknown command 'nonsense'"],
    [['poll-once', '--nonsense'], "unknown option '--nonsense'"],
    [['poll-once', '--format', 'xml'], 'Allowed choices are table, json, jsonl, notification'],
    [['poll-once', '--over', 'long'], 'expected a number of seconds above 0'],
    [['poll-once', '--over', '-1'], 'expected a number of seconds above 0'],
    [['agent', 'extra'], 'too many arguments'],
    [['poll-once', '--meter'], 'argument missing'],
  ])('%j ends with 2 and a word on what is possible', async (args, says) => {
    const { code, stdout, stderr } = await runVirtpoll(args)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain(says)
    expect(stderr).toContain('--help')
  })

  test.each([[['--help']], [['poll-once', '--help']], [['agent', '--help']], [['help']]])(
    '%j prints help on standard output and ends with 0',
    async (args) => {
      const { code, stdout, stderr } = await runVirtpoll(args)
      expect([code, stderr]).toEqual([0, ''])
      expect(stdout).toContain('Usage: virtpoll')
    },
  )
})
