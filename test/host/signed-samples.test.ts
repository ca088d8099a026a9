import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { removeAgents, startAgent, type CycleLine } from '../support/agent.js'
import { awkwardFloats, awkwardInts, awkwardMetadata, awkwardPollsters } from '../support/awkward-values.js'
import { openBrokerSide, type BrokerSide } from '../support/broker.js'
import { novaMetadata } from '../support/domain-xml.js'
import { openLab } from '../support/lab.js'
import { startOsloListener, type ReceivedNotification } from '../support/oslo-listener.js'
import { waitFor } from '../support/wait-for.js'

const lab = openLab()
const secret = 's3cr3t-ż'
const samplesEach = 2600
let side: BrokerSide
/** The ids of what virtpoll measured, and what the listener received by the time it had as many. */
let measured: readonly string[]
let received: readonly ReceivedSample[]

interface ReceivedSample {
  readonly meter: string
  readonly id: string
  readonly number: number
  readonly metadata: unknown
  readonly python: string
  readonly signed: boolean | undefined
}

beforeAll(async () => {
  await lab.createDomain({ number: 0x211, metadata: novaMetadata({ name: 'Zażółć 😀' }) }, 'paused')
  await lab.createDomain({ number: 0x212, metadata: novaMetadata({ root: 'volume' }) }, 'paused')
  side = await openBrokerSide()
  const { exchange, topic } = side
  const listener = await startOsloListener({ url: lab.transportUrl, exchange, topics: [topic], secret })
  measured = await pollOnce({ telemetry_secret: secret, exchange, topics: [topic] })
  const samples = () => listener.waiting.flatMap(receivedSamples)
  await waitFor('all samples came', () => samples().length >= measured.length, 60)
  received = samples()
  await listener.stop()
})
afterAll(async () => {
  await side.close()
  await lab.removeDomains()
  await removeAgents()
})

/** Lets an agent go through one cycle, and gives the ids of the samples that it wrote to a file beside. */
async function pollOnce(destination: object): Promise<string[]> {
  const agent = await startAgent({
    agent: {
      publisher: [
        { driver: 'messagingv2', transport_url: lab.transportUrl, ...destination },
        { driver: 'file', path: 'measured.jsonl', ...destination },
      ],
      polling: { pollsters: ['awkward.mjs'] },
    },
    polling: { sources: [{ name: 'all', interval: 3600, meters: ['*'] }] },
    files: { 'awkward.mjs': awkwardPollsters(samplesEach) },
  })
  const { samples } = (await agent.line(({ msg }) => msg === 'cycle')) as CycleLine
  const lines = await waitFor('the file has all samples', async () => {
    const text = await readFile(join(agent.folder, 'measured.jsonl'), 'utf8')
    return text.split('\n').length > samples && text
  })
  return lines
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { message_id: string }).message_id)
}

test('10,000 samples in a row reach the real listener, each once and with a signature that ceilometer verifies', () => {
  expect(received.length).toBeGreaterThan(10_000)
  expect(received.filter(({ signed }) => signed !== true)).toEqual([])
  expect(received.map(({ id }) => id).sort()).toEqual([...measured].sort())
})

test.each([
  ['int', awkwardInts],
  ['float', awkwardFloats],
])('volumes that are declared %s are what Python reads', (kind, volumes) => {
  const awkward = received.filter(({ meter }) => meter === `awkward.${kind}`)
  expect(awkward).toHaveLength(2 * samplesEach)
  for (const { number, python } of awkward) expect(python).toBe(volumes[number % volumes.length]![1])
})

test('metadata of any depth and script are what Python reads', () => {
  const awkward = received.filter(({ meter }) => meter === 'awkward.int')
  expect(awkward[0]!.metadata).toMatchObject(awkwardMetadata)
})

function receivedSamples({ payload, samples }: ReceivedNotification): ReceivedSample[] {
  return (payload.samples as readonly Record<string, unknown>[]).map((sample, at) => ({
    meter: sample['counter_name'] as string,
    id: sample['message_id'] as string,
    number: Number(/\d+$/.exec(sample['resource_id'] as string)?.[0]),
    metadata: sample['resource_metadata'],
    python: samples[at]!.volume_text,
    signed: samples[at]!.signature_ok,
  }))
}
