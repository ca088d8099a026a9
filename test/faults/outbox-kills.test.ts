import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { removeAgents, startAgent, type Agent } from '../support/agent.js'
import { openBrokerSide } from '../support/broker.js'
import { recordFault } from '../support/fault-record.js'
import { faultScale } from '../support/fault-scale.js'
import { openLab } from '../support/lab.js'
import { savedIn } from '../support/notifications.js'
import { statusEndpoint, sumOf } from '../support/status-endpoint.js'
import { folderOf } from '../support/virtpoll.js'
import { waitFor } from '../support/wait-for.js'
import { startConsumer } from './soak/consumer.js'

const kills = faultScale({ reduced: 6, full: 100 })
vi.setConfig({ testTimeout: faultScale({ reduced: 180_000, full: 1_800_000 }) })

const lab = openLab()
const nobody = 'rabbit://guest:guest@127.0.0.1:1/'

beforeAll(() => lab.createDomain({ number: 0xc31 }, 'paused'))
afterEach(removeAgents)
afterAll(() => lab.removeDomains())

async function kill(agent: Agent): Promise<void> {
  agent.signal('SIGKILL')
  await agent.ended
}

test('an agent killed again and again, while its broker is there and away, delivers every sample that had a file', async () => {
  const directory = join(await folderOf({}), 'outbox')
  const endpoint = await statusEndpoint()
  const topic = 'kills'
  const start = (transportUrl: string) =>
    startAgent({
      agent: {
        ...{ http: endpoint.http, outbox: { directory }, polling: { batch_size: 2 } },
        publisher: { exchange: topic, topics: [topic], transport_url: transportUrl },
      },
    })
  const had = new Set<string>()
  const consumer = startConsumer(lab.amqpUrl, `${topic}.sample`)
  for (let count = 0; count < kills; count += 1) {
    const agent = await start(count % 2 === 0 ? nobody : lab.transportUrl)
    await agent.moreCycles(1)
    // Other moments of a cycle and of a delivery each time.
    await after((count * 137) % 1000)
    await kill(agent)
    for (const id of await savedIn(directory)) had.add(id)
  }
  const last = await start(lab.transportUrl)
  const empty = async () => sumOf(await endpoint.metrics(), 'virtpoll_outbox_samples') === 0
  await waitFor('everything is delivered', empty)
  expect(sumOf(await endpoint.metrics(), 'virtpoll_samples_dropped_total')).toBe(0)
  expect((await last.stop()).code).toBe(0)
  await waitFor('it came', () => [...had].every((id) => consumer.samples.has(id)))
  await consumer.drained()
  await consumer.close()
  expect([had.size > 0, consumer.changed]).toEqual([true, []])
  recordFault({
    fault: 'agent killed',
    times: kills,
    received: consumer.samples.size,
    repeats: consumer.repeats,
  })
  await (await openBrokerSide({ exchange: topic, topic })).close()
})

test('the start after a kill counts the ticks that were missed, and says since when', async () => {
  const directory = join(await folderOf({}), 'outbox')
  const endpoint = await statusEndpoint()
  const options = {
    agent: { http: endpoint.http, outbox: { directory }, publisher: { driver: 'noop' } },
    polling: { sources: [{ name: 'all', interval: 1, meters: ['power.state'] }] },
  }
  const missed = 'ticks missed before this start: no agent ran, or it was ended in mid-cycle'
  const first = await startAgent(options)
  await first.moreCycles(3)
  expect(first.said(missed)).toEqual([])
  await kill(first)
  await after(3500)
  const second = await startAgent(options)
  const line = await second.line(({ msg }) => msg === missed)
  const began = Date.parse(second.lines[0]!.time)
  const since = Date.parse(line['since'] as string)
  const figure = (await endpoint.metrics()).get('virtpoll_ticks_missed_before_start_total')
  expect([line['schedule'], line['missed']]).toEqual(['every 1 s', figure])
  expect(figure).toBeGreaterThanOrEqual(3)
  // A tick a second since the last cycle that ended.
  expect(figure).toBeLessThanOrEqual((began - since) / 1000 + 1)
  await second.stop()
})

test('an outbox whose destination left the configuration is said and counted at the start', async () => {
  const directory = join(await folderOf({}), 'outbox')
  const endpoint = await statusEndpoint()
  const publishers = ['one', 'two'].map((topic) => ({
    ...{ exchange: topic, topics: [topic], transport_url: nobody, telemetry_secret: topic },
  }))
  const startWith = (publisher: unknown) =>
    startAgent({ agent: { http: endpoint.http, outbox: { directory }, publisher } })
  const first = await startWith(publishers)
  await first.moreCycles(2)
  await first.stop()
  const produced = first.cycles().reduce((sum, { samples }) => sum + samples, 0)
  const second = await startWith(publishers[0])
  const line = await second.line(({ msg }) =>
    msg.startsWith('outbox of a destination that is not configured'),
  )
  expect(line).toMatchObject({ level: 'warn', samples: produced })
  expect(line['directory']).toContain(join(directory, 'also-'))
  expect(sumOf(await endpoint.metrics(), 'virtpoll_outbox_abandoned_samples')).toBe(produced)
  await second.stop()
})
