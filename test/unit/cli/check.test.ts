import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, it, test } from 'vitest'
import { checkCommand } from '../../../src/cli/check.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'virtpoll-check-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

interface Said {
  readonly printed: string
  readonly notes: readonly string[]
}

/** What `virtpoll check` says of these publishers and of a polling.yaml. */
async function check(
  publisher: readonly object[],
  polling = join(root, 'config/polling.yaml'),
): Promise<Said> {
  const config = join(folder, 'agent.yaml')
  writeFileSync(config, JSON.stringify({ publisher }), { mode: 0o600 })
  let printed = ''
  let said = ''
  const io = {
    stdout: { write: (text: string) => (printed += text) },
    stderr: { write: (text: string) => (said += text) },
    interactive: false,
    ...{ cwd: folder, hostName: 'host', packageFolder: root, version: '0' },
    onSignal: () => () => undefined,
  }
  const code = await checkCommand({ config, polling }, io)
  expect(code).toBe(0)
  return { printed, notes: said.split('\n').filter((line) => line.startsWith('note: ')) }
}

const secret = { telemetry_secret: 'of this cloud' }
const file = { driver: 'file', path: 'samples.jsonl' }
const url = (query: string) => ({ ...secret, transport_url: `rabbit://h/?${query}` })

it.each([
  { publishers: [{ ...secret, durable: true }], notes: [] },
  { publishers: [{ ...secret, quorum: true }], notes: [] },
  { publishers: [{ ...file, ...secret }], notes: [] },
  { publishers: [secret], notes: [/the queue is not durable/] },
  { publishers: [url('amqp_durable_queues=true')], notes: [] },
  { publishers: [url('rabbit_quorum_queue=true')], notes: [] },
  {
    publishers: [url('ssl=true')],
    notes: [/not durable .*; publisher\.durable or publisher\.quorum change/],
  },
  {
    publishers: [{ ...url('amqp_durable_queues=false'), durable: true }],
    notes: [
      /not durable: .*; the transport URL sets amqp_durable_queues, which goes before publisher\.durable/,
    ],
  },
  {
    publishers: [{ ...url('rabbit_quorum_queue=no'), quorum: true }],
    notes: [
      /not durable: .*; the transport URL sets rabbit_quorum_queue, which goes before publisher\.quorum/,
    ],
  },
  { publishers: [{ ...file, ...secret, transport_url: 'nonsense://' }], notes: [] },
  { publishers: [{ durable: true }], notes: [/telemetry_secret .* for messagingv2, so/] },
  { publishers: [{ ...secret, durable: true }, file], notes: [/telemetry_secret .* for file, so/] },
  { publishers: [{}, file], notes: [/not durable/, /telemetry_secret .* for messagingv2, file, so/] },
])('check on $publishers notes $notes', async ({ publishers, notes }) => {
  const { notes: found } = await check(publishers)
  expect(found).toHaveLength(notes.length)
  for (const [at, note] of notes.entries()) expect(found[at]).toMatch(note)
})

test('check shows what the transport URL says of the queues in place of the options that it overrules', async () => {
  const { printed } = await check([
    { ...url('amqp_durable_queues=true&rabbit_quorum_queue=on'), topics: ['a'] },
    { ...url('amqp_durable_queues=false'), durable: true, topics: ['b'] },
    { ...file, transport_url: url('amqp_durable_queues=true').transport_url },
  ])
  expect(printed.match(/^ +(?:durable|quorum): .*$/gm)?.map((line) => line.replace(/ +/g, ' '))).toEqual([
    ' durable: true # amqp_durable_queues of the transport URL',
    ' quorum: true # rabbit_quorum_queue of the transport URL',
    ' durable: false # amqp_durable_queues of the transport URL',
    ' quorum: false # default',
    ' durable: false # default',
    ' quorum: false # default',
  ])
})

type SourceEntry = Readonly<Record<string, unknown>>

const minutely = (meters: string[], more: object = {}) => ({ name: 'a', interval: 60, meters, ...more })
const slower = (meters: string[], more: object = {}) => ({ name: 'b', interval: 300, meters, ...more })

test.each<{ what: string; sources: readonly SourceEntry[]; notes: readonly string[] }>([
  {
    what: 'one meter at two intervals',
    sources: [minutely(['cpu', 'vcpus']), slower(['cpu', 'memory'])],
    notes: [
      'cpu of source "a" (every 60 s) is also polled by "b" (every 300 s): each publishes its own samples',
    ],
  },
  {
    what: 'many meters at two intervals',
    sources: [minutely(['cpu', 'memory', 'memory.usage', 'power.state', 'vcpus']), slower(['*'])],
    notes: [
      'cpu, vcpus, memory and 2 more of source "a" (every 60 s) are also polled by "b" ' +
        '(every 300 s): each publishes its own samples',
    ],
  },
  {
    what: 'three sources of two schedules, of which the first of each polls the meter',
    sources: [
      slower(['cpu']),
      slower(['cpu', 'vcpus'], { name: 'c' }),
      { name: 'd', schedule: '*/5 * * * *', meters: ['cpu', 'vcpus'] },
    ],
    notes: [
      'cpu of source "b" (every 300 s) is also polled by "d" (*/5 * * * * (UTC)): each publishes its own samples',
      'vcpus of source "c" (every 300 s) is also polled by "d" (*/5 * * * * (UTC)): each publishes its own samples',
    ],
  },
  {
    what: 'one meter twice at one interval',
    sources: [minutely(['cpu']), minutely(['cpu'], { name: 'b' })],
    notes: [],
  },
  { what: 'different meters', sources: [minutely(['cpu']), slower(['!cpu'])], notes: [] },
  {
    what: 'different resources',
    sources: [minutely(['cpu']), slower(['cpu'], { discovery: ['local_node'] })],
    notes: [],
  },
  {
    what: 'the host, which has no such meter, at two intervals',
    sources: [
      minutely(['cpu'], { discovery: ['local_node'] }),
      slower(['cpu'], { discovery: ['local_node'] }),
    ],
    notes: [],
  },
])('check notes of $what: $notes', async ({ sources, notes }) => {
  const polling = join(folder, 'polling.yaml')
  writeFileSync(polling, JSON.stringify({ sources }))
  const { notes: found } = await check([{ ...file, ...secret }], polling)
  expect(found).toEqual(notes.map((note) => `note: ${note}`))
})
