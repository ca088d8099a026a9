import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { describeAgentYaml } from '../../../src/config/describe.js'
import { AgentFolder } from './agent-folder.js'

let folder: AgentFolder

beforeEach(() => {
  folder = new AgentFolder()
})

afterEach(() => {
  folder.remove()
})

describe('without a file', () => {
  test('all options are the defaults that users rely on', async () => {
    const { options, warnings } = await folder.load()
    expect(warnings).toEqual([])
    expect(options).toEqual({
      file: undefined,
      host: 'os-name',
      libvirt: { uri: 'qemu:///system', callTimeoutSeconds: 10, maxCalls: 4, diskInfo: 'exact' },
      discovery: { unmanaged: 'skip', xmlRefreshSeconds: 300 },
      polling: {
        file: join(folder.path, 'default', 'polling.yaml'),
        pollsters: [],
        computedMeters: false,
        batchSize: 50,
        batchBytes: 1048576,
        reportStoppedInstances: false,
        scheduleTimezone: 'UTC',
      },
      samples: {
        source: 'openstack',
        names: true,
        reservedMetadataNamespace: ['metering.'],
        reservedMetadataLength: 256,
        reservedMetadataKeys: [],
      },
      publishers: [
        {
          driver: 'messagingv2',
          transportUrl: 'rabbit://guest:guest@127.0.0.1:5672/',
          exchange: 'ceilometer',
          topics: ['notifications'],
          publisherId: 'ceilometer.polling',
          telemetrySecret: 'change this for valid signing',
          durable: false,
          quorum: false,
          path: undefined,
        },
      ],
      outbox: {
        directory: '/var/lib/virtpoll/outbox',
        maxBytes: 1073741824,
        maxAgeSeconds: 86400,
        order: 'oldest-first',
      },
      http: { host: '127.0.0.1', port: 9177 },
      log: { level: 'info', format: 'json' },
    })
  })

  test('a file that was asked for has to exist', async () => {
    await expect(folder.load(undefined, { file: 'agent.yaml' })).rejects.toThrow(
      /^agent\.yaml: the file does not exist; correct --config/,
    )
  })
})

test.each([
  ['an empty file', ''],
  ['a file of comments', '# nothing\n'],
  ['a file of sections all whose options are commented out', 'libvirt:\nlog:\nhttp:\n'],
  ['config/agent.yaml', describeAgentYaml()],
])('%s says the same as no file', async (_what, text) => {
  const [{ options: bare }, { options, warnings }] = await Promise.all([folder.load(), folder.load(text)])
  const file = join(folder.path, 'agent.yaml')
  expect(warnings).toEqual([])
  expect(options).toEqual({
    ...bare,
    file,
    polling: { ...bare.polling, file: join(folder.path, 'polling.yaml') },
  })
})

test('takes what the file says, paths from its folder, and freezes it', async () => {
  const { options } = await folder.load(`
host: compute-1.example
libvirt: {call_timeout_seconds: 2.5}
polling: {file: etc/polling.yaml, pollsters: [mine.js, /opt/theirs.js], schedule_timezone: Europe/Paris}
publisher:
  - {driver: file, path: samples.jsonl}
  - {driver: messagingv2, transport_url: "rabbit://u:p@h/", topics: [a, b], telemetry_secret: ""}
outbox: {directory: box}
http: {listen: "[::1]:0"}
`)
  expect(options.host).toBe('compute-1.example')
  expect(options.libvirt).toMatchObject({ callTimeoutSeconds: 2.5, maxCalls: 4 })
  expect(options.polling).toMatchObject({
    file: join(folder.path, 'etc/polling.yaml'),
    pollsters: [join(folder.path, 'mine.js'), '/opt/theirs.js'],
    scheduleTimezone: 'Europe/Paris',
  })
  expect(options.publishers).toMatchObject([
    { driver: 'file', path: join(folder.path, 'samples.jsonl') },
    { driver: 'messagingv2', transportUrl: 'rabbit://u:p@h/', topics: ['a', 'b'], telemetrySecret: '' },
  ])
  expect(options.outbox.directory).toBe(join(folder.path, 'box'))
  expect(options.http).toEqual({ host: '::1', port: 0 })
  expect(Object.isFrozen(options.publishers[1]?.topics)).toBe(true)
})

test.each(['http: null', 'http: ~', 'http: {listen: null}'])('%s switches the endpoint off', async (text) => {
  expect((await folder.load(text)).options.http).toBeNull()
})

test('what a command says goes before what the file says', async () => {
  const { options, effective } = await folder.load(
    'libvirt: {uri: "lxc:///"}\npolling: {file: other.yaml}\n',
    {
      pollingFile: 'typed.yaml',
      libvirtUri: 'test:///default',
      unmanaged: 'report',
    },
  )
  expect(options.libvirt.uri).toBe('test:///default')
  expect(options.polling.file).toBe(join(folder.path, 'typed.yaml'))
  expect(options.discovery.unmanaged).toBe('report')
  const commanded = effective.filter(({ origin }) => origin === 'the command line')
  expect(commanded.map(({ path }) => path.join('.'))).toEqual([
    'libvirt.uri',
    'discovery.unmanaged',
    'polling.file',
  ])
})

test.each([
  ['libvrit: {}', 'agent.yaml:1:1 libvrit: unknown key; did you mean "libvirt"?'],
  ['libvirt:\n  ury: x', 'agent.yaml:2:3 libvirt.ury: unknown key; did you mean "uri"?'],
  ['batch_size: 5', 'agent.yaml:1:1 batch_size: unknown key; it belongs under polling'],
  ['libvirt:\n  batch_size: 5', 'agent.yaml:2:3 libvirt.batch_size: unknown key; it belongs under polling'],
  ['libvirt: []', 'agent.yaml:1:10 libvirt: expected a mapping of options, got a list'],
  ['[]', 'agent.yaml:1:1 expected a mapping of options, got a list'],
  ['host: 0123', /1:7 host: expected .*, got 0123 \(which YAML reads as the number 83\); put it in quotes/],
  ['host: ""', /1:7 host: expected the name of this host, got empty text/],
  ['libvirt: {uri: }', /1:11 libvirt\.uri: expected a libvirt connection URI .*, got nothing/],
  [
    'libvirt: {max_calls: 0}',
    /1:22 libvirt\.max_calls: expected a whole number from 1 to 64, got the number 0/,
  ],
  ['libvirt: {max_calls: 2.5}', /a whole number from 1 to 64, got the number 2\.5/],
  ['libvirt: {max_calls: "2"}', /a whole number from 1 to 64, got "2"/],
  ['libvirt: {call_timeout_seconds: .nan}', /a number from 0\.1 to 3600, got \.nan/],
  ['libvirt: {disk_info: exakt}', /expected exact or bulk, got "exakt"; did you mean "exact"\?/],
  ['samples: {names: "yes"}', /samples\.names: expected true or false, got "yes"/],
  ['samples: {names: y}', /samples\.names: expected true or false, got "y"/],
  ['polling: {pollsters: mine.js}', /expected a list of paths of pollster files, got "mine\.js"/],
  [
    'polling: {pollsters: [5, a]}',
    /1:23 polling\.pollsters\[0\]: expected the path of a file, got the number 5/,
  ],
  ['polling: {schedule_timezone: Europe/Pariss}', /unknown here; did you mean "Europe\/Paris"\?/],
  ['polling: {schedule_timezone: "+02:00"}', /which is unknown here/],
  ['publisher: []', /publisher: expected a mapping, or a list of at least one, got an empty list/],
  ['publisher: {topics: []}', /publisher\.topics: expected a list of topics, got an empty list/],
  [
    'publisher:\n  - driver: rabbit',
    /2:13 publisher\[0\]\.driver: expected one of messagingv2, .*, got "rabbit"/,
  ],
  ['publisher: {driver: file}', /publisher: the driver file needs a path/],
  [
    'publisher: {transport_url: "rabbit://h:badport/"}',
    /1:28 publisher\.transport_url: the port is no number/,
  ],
  ['http: {listen: 9177}', /http\.listen: expected host:port, .*, got the number 9177/],
  ['http: {listen: "9177"}', /http\.listen: expected host:port/],
  ['http: {listen: "::1:9177"}', /http\.listen: expected host:port/],
  ['http: {listen: "[nonsense]:9177"}', /http\.listen: expected host:port/],
  ['http: {listen: "h:65536"}', /http\.listen: expected host:port/],
  ['log: {level: inof}', /log\.level: expected one of trace, .*; did you mean "info"\?/],
  ['log: {level: warning}', /got "warning"; did you mean "warn"\?/],
  ['log: {level: err}', /got "err"; did you mean "error"\?/],
  ['log: {level: e}', /got "e"$/],
  [
    'http: {listen: off}',
    /1:16 http\.listen: expected .*, or null, got off \(which YAML reads as false\); write null$/,
  ],
  ['host: off', /got off \(which YAML reads as false\); put it in quotes/],
  [
    'log: {level: info, level: debug}',
    /1:20 the key "level" stands here for the second time, the first is at 1:7/,
  ],
])('%j is refused at its place', async (text, fault) => {
  expect(await folder.faultsOf(text)).toEqual([
    typeof fault === 'string' ? fault : (expect.stringMatching(fault) as string),
  ])
})

test('tells all faults of a file at once', async () => {
  expect(
    await folder.faultsOf('hots: x\nlibvirt: {max_calls: x}\nlog: {format: xml}\npublisher: {driver: x}\n'),
  ).toHaveLength(4)
})
