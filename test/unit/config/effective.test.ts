import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { renderOptions } from '../../../src/config/effective.js'
import { AgentFolder } from './agent-folder.js'

let folder: AgentFolder

beforeEach(() => {
  folder = new AgentFolder()
})

afterEach(() => {
  folder.remove()
})

describe('secrets', () => {
  test('come from their files, without the last line break', async () => {
    folder.write('secret', 's3cret with blanks \n')
    folder.write('url', 'rabbit://u:p@h/\r\n')
    const { options, warnings } = await folder.load(
      'publisher: {telemetry_secret_file: secret, transport_url_file: url}',
    )
    expect(options.publishers[0]).toMatchObject({
      telemetrySecret: 's3cret with blanks ',
      transportUrl: 'rabbit://u:p@h/',
    })
    expect(warnings).toEqual([])
  })

  test.each([0o640, 0o604, 0o666])('in a file of mode %o are a warning', async (mode) => {
    folder.write('secret', 'x', mode)
    const { warnings } = await folder.load('publisher: {telemetry_secret_file: secret}')
    expect(warnings.map(({ text }) => text)).toEqual([
      expect.stringMatching(
        /^agent\.yaml:1:36 publisher\.telemetry_secret_file: others can read .*; chmod 600 /,
      ),
    ])
  })

  test.each([
    [
      'telemetry_secret: a, telemetry_secret_file: secret',
      /telemetry_secret_file: stands beside telemetry_secret/,
    ],
    [
      'transport_url: "rabbit://", transport_url_file: secret',
      /transport_url_file: stands beside transport_url/,
    ],
    ['telemetry_secret_file: missing', /missing does not exist/],
    ['telemetry_secret_file: empty', /empty is empty; write the secret into it/],
    ['transport_url_file: badurl', /transport_url_file: the port is no number/],
  ])('%s is refused', async (text, fault) => {
    folder.write('secret', 'x')
    folder.write('empty', '\n')
    folder.write('badurl', 'rabbit://h:badport/')
    expect(await folder.faultsOf(`publisher: {${text}}`)).toEqual([expect.stringMatching(fault)])
  })

  test('are in no message and in nothing that is printed', async () => {
    const secrets = 'publisher:\n  - {telemetry_secret: 5551234, transport_url: hunter2}\n'
    expect((await folder.faultsOf(secrets)).join('\n')).not.toMatch(/5551234|hunter2/)
    folder.write('url', 'rabbit://u:hunter2@h1,u2:hunter2@h2:5673/v?ssl_keyfile_password=hunter2&ssl=true')
    const { effective } = await folder.load(
      'publisher:\n  - {telemetry_secret: hunter2, transport_url_file: url}\n  - {transport_url: "rabbit://u:hunter2@h/"}\n',
    )
    expect(JSON.stringify(effective) + renderOptions(effective)).not.toContain('hunter2')
    expect(renderOptions(effective)).toContain(
      'rabbit://u:***@h1,u2:***@h2:5673/v?ssl_keyfile_password=***&ssl=true',
    )
  })
})

describe('what check prints', () => {
  test('says where every option comes from', async () => {
    const { effective } = await folder.load(
      'libvirt:\n  max_calls: 8\nhttp: ~\npublisher:\n  - driver: noop\n  - driver: log\n',
    )
    const lines = renderOptions(effective)
      .replaceAll(/ {2,}#/g, ' #')
      .split('\n')
    expect(lines).toEqual(
      expect.arrayContaining([
        'host: os-name # the operating system',
        'libvirt:',
        '  uri: qemu:///system # default',
        '  max_calls: 8 # agent.yaml:2:3',
        'publisher:',
        '  - driver: noop # agent.yaml:5:5',
        '  - driver: log # agent.yaml:6:5',
        '    exchange: ceilometer # default',
        "    telemetry_secret: '***' # default",
        '  listen: null # agent.yaml:3:7',
      ]),
    )
  })

  test('is itself a file that says the same', async () => {
    const { effective, options } = await folder.load(
      'publisher: {driver: file, path: x, telemetry_secret: ""}\nsamples: {reserved_metadata_keys: ["1e3", "on", "a: b"]}\n',
    )
    const again = await folder.load(renderOptions(effective).replace('guest:***@', 'guest:guest@'))
    expect(again.options).toEqual(options)
  })
})

describe('what is usable and yet worth a word', () => {
  const inline = 'publisher: {transport_url: "rabbit://u:p@h/", telemetry_secret: s}'

  test.each([
    [
      'a secret in a file that everybody can read',
      inline,
      0o644,
      [/transport_url: everybody can read/, /telemetry_secret: everybody/],
    ],
    ['a secret in a file that its group can read', inline, 0o640, []],
    [
      'the defaults, which everybody knows',
      'publisher: {transport_url: "rabbit://guest:guest@127.0.0.1:5672/", telemetry_secret: change this for valid signing}',
      0o644,
      [],
    ],
    ['a URL without a login', 'publisher: {transport_url: "rabbit://h/"}', 0o644, []],
    [
      'a remark on the transport URL',
      'publisher: {transport_url: "rabbit://odd/"}',
      0o600,
      [/transport_url: that is odd/],
    ],
  ])('%s', async (_what, text, mode, warnings) => {
    const file = folder.write('worth.yaml', text, mode)
    const { warnings: found } = await folder.load(undefined, { file })
    expect(found.length).toBe(warnings.length)
    found.forEach((finding, index) => {
      expect(finding.text).toMatch(warnings[index] ?? '')
    })
  })
})
