import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { judgeTransportUrl } from '../../../src/publish/transport-url.js'
import { AgentFolder } from './agent-folder.js'

let folder: AgentFolder

beforeEach(() => {
  folder = new AgentFolder()
})

afterEach(() => {
  folder.remove()
})

test('a file that two publishers write is refused at the second, which would double every sample', async () => {
  const publishers = `publisher:
  - {driver: file, path: out.jsonl}
  - {driver: noop}
  - {driver: file, path: ./other/../out.jsonl}
`
  expect(await folder.faultsOf(publishers)).toEqual([
    `agent.yaml:4:5 publisher[2]: is the same destination as publisher[0], the file ${join(folder.path, 'out.jsonl')}; ` +
      'remove one, or every sample is published twice',
  ])
})

const one = '{transport_url: "rabbit://u:p@h/"}'

test.each([
  ['the log twice', '[{driver: log}, {driver: log}]', /publisher\[1\]: .* publisher\[0\], the log;/],
  [
    'the default twice',
    '[{}, {}]',
    /publisher\[1\]: .*, queue notifications\.sample on 127\.0\.0\.1:5672\/;/,
  ],
  [
    'one broker with two logins',
    `[${one}, {transport_url: "rabbit://v:q@h/"}]`,
    /publisher\[1\]: .* on h\/;/,
  ],
  ['one queue in both versions of the format', `[{driver: messaging}, {}]`, /publisher\[1\]: /],
  ['a queue by two exchanges that are both bound to it', `[{}, {exchange: other}]`, /publisher\[1\]: /],
  ['one of several topics', `[{topics: [a, b]}, {topics: [c, b]}]`, /publisher\[1\]: .*, queue b\.sample on/],
  ['a topic twice', '{topics: [a, b, a]}', /1:21 publisher\.topics: has "a" twice; remove one/],
])('%s is refused', async (_what, publishers, fault) => {
  expect(await folder.faultsOf(`publisher: ${publishers}`)).toEqual([expect.stringMatching(fault)])
})

test.each([
  '[{driver: noop}, {driver: noop}]',
  '[{driver: file, path: a}, {driver: file, path: b}, {driver: log}, {}]',
  '[{topics: [a]}, {topics: [b]}]',
  `[{}, ${one}]`,
])('%s are different destinations', async (publishers) => {
  expect((await folder.load(`publisher: ${publishers}`)).warnings).toEqual([])
})

describe('the broker of a transport URL', () => {
  test.each([
    ['rabbit://u:p@H1,v:q@h2:5673/x?ssl=true', 'rabbit://h2:5673,h1:5672/x'],
    ['', 'rabbit://guest:guest@localhost:5672//'],
  ])('%j is that of %j', (url, same) => {
    expect(judgeTransportUrl(url).broker).toMatch(/^amqp:\/\//)
    expect(judgeTransportUrl(url).broker).toBe(judgeTransportUrl(same).broker)
  })

  test.each(['rabbit://h/other', 'rabbit://h2/', 'rabbit://h:5671/', 'rabbit://h,h2/', 'nonsense'])(
    '%j is another than rabbit://h/',
    (url) => {
      expect(judgeTransportUrl(url).broker).not.toBe(judgeTransportUrl('rabbit://h/').broker)
    },
  )

  test('holds no secret', () => {
    expect(judgeTransportUrl('rabbit://user:hunter2@h/').broker).toBe('amqp://h:5672/')
  })
})
