import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { removeAgents, startAgent, type CycleLine } from '../support/agent.js'
import { awkwardPollsters } from '../support/awkward-values.js'
import { recordBroker, type BrokerRecord, type MeterMessage } from '../support/broker-record.js'
import { novaMetadata } from '../support/domain-xml.js'
import { guestBoot, guestReady, openLab } from '../support/lab.js'
import {
  asConsumed,
  startNotificationAgent,
  telemetryRoute,
  type ConsumedSample,
  type NotificationAgent,
} from '../support/notification-agent.js'
import { folderOf } from '../support/virtpoll.js'
import { waitFor } from '../support/wait-for.js'
import { parseWireObject } from '../support/wire-parser.js'

const lab = openLab()
const statusAddress = '127.0.0.1:19177'
let record: BrokerRecord
let consumer: NotificationAgent

beforeAll(async () => {
  const booted = await lab.createDomain({
    ...{ number: 0x201, boot: guestBoot(), vcpus: 2 },
    ...{ disks: [{ target: 'vda' }, { target: 'vdb', format: 'raw' }], vnics: [{}, {}] },
    metadata: novaMetadata({ name: 'Zażółć gęślą jaźń 😀' }),
  })
  await lab.createDomain({ number: 0x202, metadata: novaMetadata({ root: 'volume' }) }, 'paused')
  await lab.createDomain({ number: 0x203, name: 'foreign', metadata: '' }, 'paused')
  await guestReady(booted)
  consumer = await startNotificationAgent(lab)
  record = await recordBroker(lab.amqpUrl, telemetryRoute)
})
afterAll(async () => {
  await record.close()
  await consumer.stop()
  await lab.removeDomains()
  await removeAgents()
})

const idOf = ({ id }: ConsumedSample) => id as string
const byId = (one: ConsumedSample, other: ConsumedSample) => (idOf(one) < idOf(other) ? -1 : 1)

test.each(['messagingv2', 'messaging'])(
  'every sample sent by %s is written by ceilometer-agent-notification as virtpoll measured it',
  async (driver) => {
    const fresh = await freshlyConsumed()
    const agent = await startAgent({
      agent: {
        publisher: [
          { driver, transport_url: lab.transportUrl },
          { driver: 'file', path: 'measured.jsonl' },
        ],
        polling: { pollsters: ['awkward.mjs'], computed_meters: true },
        discovery: { unmanaged: 'report' },
      },
      files: { 'awkward.mjs': awkwardPollsters(100) },
    })
    for (let cycles = 0; cycles < 3; cycles += 1) await agent.freshCycle()
    expect(await agent.stop()).toMatchObject({ code: 0 })

    const consumed = await fresh()
    const measured = await samplesIn(join(agent.folder, 'measured.jsonl'))
    const counted = (agent.said('cycle') as CycleLine[]).reduce((sum, { samples }) => sum + samples, 0)
    expect(measured).toHaveLength(counted)
    expect(counted).toBeGreaterThan(3 * 600)
    expect(new Set(measured.map(({ source }) => source))).toEqual(new Set(['openstack', 'libvirt']))
    expect(consumed.sort(byId)).toEqual(measured.map(asConsumed).sort(byId))
  },
)

/** Gives what ceilometer writes of samples that it has not written by now. */
async function freshlyConsumed(): Promise<() => Promise<ConsumedSample[]>> {
  const before = new Set((await consumer.drained()).map(idOf))
  return async () => (await consumer.drained()).filter((sample) => !before.has(idOf(sample)))
}

const crashes = 20
/** Of the agents that crash. Two instances make far more in a cycle than goes out before the crash. */
const [samplesEach, batchSize] = [1500, 10]
const notificationsACycle = (2 * 2 * samplesEach) / batchSize

test(`after ${crashes} crashes in mid-publish it still consumes, and has whatever was confirmed`, async () => {
  const outbox = { directory: await folderOf({}) }
  const fresh = await freshlyConsumed()
  const recordedBefore = record.count
  let inMidPublish = 0
  for (let crash = 0; crash < crashes; crash += 1) {
    const before = record.count
    const agent = await startCopiousAgent(outbox)
    await record.more(1 + Math.floor(Math.random() * 50))
    const confirmed = await confirmedSamples()
    agent.signal('SIGKILL')
    await agent.ended
    await waitFor('the broker has what it confirmed', () => (record.count - before) * batchSize >= confirmed)
    if ((record.count - before) % notificationsACycle !== 0) inMidPublish += 1
  }
  expect(inMidPublish).toBeGreaterThanOrEqual(0.9 * crashes)

  const last = await startCopiousAgent(outbox)
  await record.more(notificationsACycle)
  expect(await last.stop()).toMatchObject({ code: 0 })
  const consumed = await fresh()
  const taken = record.samples(recordedBefore).map(asConsumed)
  expect(consumed.sort(byId)).toEqual(taken.sort(byId))
  expect(new Set(consumed.map(measurement)).size).toBe(new Set(consumed.map(idOf)).size)
}, 300_000)

function startCopiousAgent(outbox: { readonly directory: string }) {
  return startAgent({
    agent: {
      publisher: { driver: 'messagingv2', transport_url: lab.transportUrl },
      polling: { pollsters: ['awkward.mjs'], batch_size: batchSize },
      http: { listen: statusAddress },
      outbox,
    },
    polling: { sources: [{ name: 'awkward', interval: 1, meters: ['awkward.*'] }] },
    files: { 'awkward.mjs': awkwardPollsters(samplesEach) },
  })
}

/** What a sample says of what and when; a copy says the same under the same id. */
const measurement = ({ name, resource_id, timestamp }: ConsumedSample) =>
  JSON.stringify([name, resource_id, timestamp])

async function confirmedSamples(): Promise<number> {
  const text = await (await fetch(`http://${statusAddress}/metrics`)).text()
  return Number(/^virtpoll_samples_confirmed_total\{[^}]*\} (\d+)$/m.exec(text)?.[1])
}

async function samplesIn(path: string): Promise<MeterMessage[]> {
  return (await readFile(path, 'utf8')).trimEnd().split('\n').map(parseWireObject)
}
