import { connect } from 'amqplib'
import { execFile } from 'node:child_process'
import { mkdtemp, mkdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { removeAgents, startAgent, type Agent } from '../support/agent.js'
import { samplesOf, type MeterMessage } from '../support/broker-record.js'
import { namesIn } from '../support/disk-outbox.js'
import { openLab } from '../support/lab.js'
import { startOsloListener, type OsloListener } from '../support/oslo-listener.js'
import { runVirtpoll } from '../support/virtpoll.js'
import { waitFor } from '../support/wait-for.js'

const lab = openLab()
const run = promisify(execFile)
const outageSeconds = 30

let outbox: string

beforeAll(async () => {
  await lab.createDomain({ number: 0x711 }, 'paused')
  await lab.createDomain({ number: 0x712 }, 'paused')
})
beforeEach(async () => {
  outbox = join(await mkdtemp(join(tmpdir(), 'virtpoll-outbox-')), 'outbox')
})
afterEach(async () => {
  await removeAgents()
  await lab.service('rabbitmq', 'start')
  await rm(join(outbox, '..'), { recursive: true })
})
afterAll(() => lab.removeDomains())

const startOn = (topic: string, publisher: object = {}): Promise<Agent> =>
  startAgent({
    agent: {
      publisher: { topics: [topic], transport_url: lab.transportUrl, ...publisher },
      outbox: { directory: outbox },
    },
  })
const listenTo = (topic: string): Promise<OsloListener> =>
  startOsloListener({ url: lab.transportUrl, topics: [topic] })
const files = async (): Promise<string[]> =>
  (await namesIn(outbox)).filter((name) => name.endsWith('.notification'))
const produced = (...agents: readonly Agent[]): number =>
  agents.flatMap((agent) => agent.cycles()).reduce((sum, { samples }) => sum + samples, 0)

/** How many different samples came. */
function arrived({ waiting }: OsloListener): number {
  return new Set(waiting.flatMap(({ payload }) => payload.samples!.map(({ message_id: id }) => id))).size
}

/** Empties a queue; the samples in the order in which the broker took them. The listener's threads keep no order. */
async function takeAll(queue: string): Promise<MeterMessage[]> {
  const connection = await connect(lab.amqpUrl)
  const channel = await connection.createChannel()
  const samples: MeterMessage[] = []
  for (;;) {
    const message = await channel.get(queue, { noAck: true })
    if (message === false) break
    samples.push(...samplesOf(message.content))
  }
  await connection.close()
  return samples
}

async function expectAll(listener: OsloListener, ...agents: readonly Agent[]): Promise<void> {
  await waitFor('all samples came', () => arrived(listener) >= produced(...agents))
  expect(arrived(listener)).toBe(produced(...agents))
}

const away = 'destination away; notifications wait in the outbox'

test('a broker that is away for a while gets every sample of that time, oldest first, and no file is left', async () => {
  const agent = await startOn('outage', { durable: true, exchange: 'outage' })
  await agent.freshCycle()
  await lab.service('rabbitmq', 'stop')
  await agent.line(({ msg }) => msg === away)
  await sleep(outageSeconds * 1000)
  expect((await files()).length).toBeGreaterThan(outageSeconds)
  await lab.service('rabbitmq', 'start')
  await agent.line(({ msg }) => msg === 'destination back')
  await waitFor('the backlog is gone', async () => (await files()).length < 4)
  expect((await agent.stop()).code).toBe(0)
  const samples = await takeAll('outage.sample')
  const unique = new Map(samples.map((sample) => [sample['message_id'], sample] as const))
  expect(unique.size).toBe(produced(agent))
  const times = [...unique.values()].map((sample) => sample['timestamp'])
  expect(times).toEqual(times.toSorted())
  expect(await files()).toEqual([])
  expect(agent.cycles().every(({ samples }) => samples === 52)).toBe(true)
})

test('an agent that is killed while the broker is away is followed by one that delivers what it left', async () => {
  await lab.service('rabbitmq', 'stop')
  const killed = await startOn('killed-agent')
  await killed.freshCycle()
  await killed.freshCycle()
  await waitFor(
    'a file for each notification',
    async () => (await files()).length >= 2 * killed.cycles().length,
  )
  killed.signal('SIGKILL')
  await killed.ended
  const left = (await files()).length
  const next = await startOn('killed-agent')
  expect(next.said('outbox holds notifications of an earlier run')).toMatchObject([{ notifications: left }])
  await next.freshCycle()
  await lab.service('rabbitmq', 'start')
  await next.line(({ msg }) => msg === 'destination back')
  const listener = await listenTo('killed-agent')
  await waitFor('the backlog is gone', async () => (await files()).length < 4)
  expect((await next.stop()).code).toBe(0)
  const expected = 26 * left + produced(next)
  await waitFor('all samples came', () => arrived(listener) >= expected)
  expect(arrived(listener)).toBe(expected)
  await listener.stop()
})

test('SIGTERM while the broker is away leaves everything on disk, and ends in time', async () => {
  await lab.service('rabbitmq', 'stop')
  const agent = await startOn('stopped')
  await agent.freshCycle()
  const ended = await agent.stop()
  expect(ended.code).toBe(0)
  expect((await files()).length).toBe(2 * agent.cycles().length)
  expect(agent.said('samples lost: not delivered in time')).toEqual([])
})

test('a second agent on the same outbox ends with 78 and names the first', async () => {
  const first = await startOn('twice')
  const second = await runVirtpoll(['agent', '--config', join(first.folder, 'agent.yaml')])
  expect(second.code).toBe(78)
  expect(second.stderr).toContain(
    `the outbox ${outbox} is held by another agent (process ${first.pid}, since 20`,
  )
})

test('a full disk is said once, costs nothing that memory holds, and is used again when it has room', async () => {
  await mkdir(outbox)
  await run('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', outbox])
  try {
    await lab.service('rabbitmq', 'stop')
    const agent = await startOn('full')
    const { err } = await agent.line(({ msg }) => msg === 'outbox away; notifications wait in memory')
    expect(err).toMatchObject({ code: 'OUTBOX_UNWRITABLE' })
    await agent.freshCycle()
    await lab.service('rabbitmq', 'start')
    await agent.line(({ msg }) => msg === 'destination back')
    await agent.line(({ msg }) => msg === 'outbox back')
    const listener = await listenTo('full')
    await waitFor('the backlog is gone', async () => (await files()).length < 4)
    expect((await agent.stop()).code).toBe(0)
    await expectAll(listener, agent)
    expect(agent.said('outbox away; notifications wait in memory').length).toBe(1)
    await listener.stop()
  } finally {
    await run('umount', ['--lazy', outbox])
  }
})
