import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { memoryOutboxes } from '../../../src/agents/outboxes.js'
import { buildPublishing } from '../../../src/agents/publishing.js'
import { loadAgentOptions } from '../../../src/config/load-options.js'
import type { AgentOptions, PublisherOptions } from '../../../src/config/options.js'
import { systemClock } from '../../../src/schedule/clock.js'
import { aSample } from '../../support/samples.js'

const folder = mkdtempSync(join(tmpdir(), 'publishing-'))
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

async function optionsWith(publishers: readonly Partial<PublisherOptions>[]): Promise<AgentOptions> {
  const judgeTransportUrl = () => ({ fault: undefined, warnings: [] })
  const { options } = await loadAgentOptions(
    {},
    { cwd: folder, hostName: 'h', defaultFile: join(folder, 'none.yaml'), judgeTransportUrl },
  )
  const [usual] = options.publishers
  return { ...options, publishers: publishers.map((publisher) => ({ ...usual!, ...publisher })) }
}

function publishing(options: AgentOptions, said: unknown[]) {
  return buildPublishing(options, {
    clock: systemClock,
    version: '0',
    observe: (name) => ({
      onOutage: ({ code }) => said.push([name, code]),
      onRecovered: () => said.push([name, 'back']),
    }),
    logSample: () => undefined,
    openOutbox: memoryOutboxes(options, {
      clock: systemClock,
      random: Math.random,
      onRejected: () => undefined,
    }),
  })
}

const patient = () => AbortSignal.timeout(10_000)

it('tells that the folder of a file destination is missing and that it is back, and delivers what waited', async () => {
  const path = join(folder, 'later', 'samples.jsonl')
  const said: unknown[] = []
  const built = await publishing(await optionsWith([{ driver: 'file', path }]), said)
  await built.notifier.notify([aSample()], patient())
  await expect.poll(() => said).toEqual([[`file ${path}`, 'FILE_UNWRITABLE']])
  mkdirSync(join(folder, 'later'), { recursive: true })
  await built.close(patient())
  expect(said.at(-1)).toEqual([`file ${path}`, 'back'])
  expect(readFileSync(path, 'utf8').trim().split('\n')).toHaveLength(1)
})

it('gives destinations of one name names of their own, in the figures as to their observers', async () => {
  mkdirSync(folder, { recursive: true })
  const one = { driver: 'messagingv2', transportUrl: 'rabbit://guest:guest@127.0.0.1:1/' } as const
  const options = await optionsWith([one, { ...one, topics: ['a', 'b'] }, { ...one, topics: ['a', 'b'] }])
  const said: unknown[] = []
  const built = await publishing(options, said)
  await built.notifier.notify([aSample()], patient())
  const names = built.figures().destinations.map(({ name }) => name)
  expect(names).toEqual([
    'amqp://127.0.0.1:1/',
    'amqp://127.0.0.1:1/ ceilometer/a,b',
    'amqp://127.0.0.1:1/ ceilometer/a,b (3)',
  ])
  await expect.poll(() => said.map((line) => (line as unknown[])[0]).toSorted()).toEqual(names.toSorted())
  await built.close(AbortSignal.abort())
})

it('signs for each destination with its own secret', async () => {
  mkdirSync(folder, { recursive: true })
  const paths = ['one', 'two', 'none'].map((name) => join(folder, name))
  const options = await optionsWith(
    paths.map((path, index) => ({ driver: 'file', path, telemetrySecret: ['a', 'b', ''][index] ?? '' })),
  )
  const built = await publishing(options, [])
  await built.notifier.notify([aSample()], patient())
  await built.close(patient())
  const signatures = paths.map(
    (path) => (JSON.parse(readFileSync(path, 'utf8')) as { message_signature: string }).message_signature,
  )
  expect(signatures.map((signature) => signature.length)).toEqual([64, 64, 0])
  expect(new Set(signatures).size).toBe(3)
  expect(built.figures().confirmedSamples).toBe(3)
})
