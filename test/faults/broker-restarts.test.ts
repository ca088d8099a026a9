import { readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { everything, removeAgents, startAgent } from '../support/agent.js'
import type { AmqpPublisherOptions } from '../../src/publish/amqp-publisher.js'
import type { Publisher } from '../../src/publish/publisher.js'
import {
  observedPublisher,
  openBrokerSide,
  soon,
  testNotification,
  type BrokerSide,
} from '../support/broker.js'
import { ledgerOf, recordFault } from '../support/fault-record.js'
import { faultScale } from '../support/fault-scale.js'
import { holdingsOf, leaksOf } from '../support/holdings.js'
import { openLab } from '../support/lab.js'
import { statusEndpoint, sumOf } from '../support/status-endpoint.js'
import { waitFor } from '../support/wait-for.js'
import { startConsumer } from './soak/consumer.js'

vi.setConfig({ testTimeout: faultScale({ reduced: 300_000, full: 1_800_000 }) })

const lab = openLab()
const rounds = faultScale({ reduced: 1, full: 5 })

beforeAll(async () => {
  for (const number of [0xc11, 0xc12]) await lab.createDomain({ number }, 'paused')
})
afterEach(async () => {
  await removeAgents()
  await lab.service('rabbitmq', 'start')
})
afterAll(() => lab.removeDomains())

const notifications = 100
const settings = [
  ['neither (the default)', {}],
  ['`durable: true`', { durable: true }],
  ['`quorum: true`', { quorum: true }],
] as const

interface Place extends Pick<BrokerSide, 'exchange' | 'topic'> {
  readonly options: Partial<AmqpPublisherOptions>
}

const places: readonly Place[] = settings.map(([, options], index) => ({
  ...{ exchange: `restarted-${index}`, topic: `restarted-${index}`, options },
}))

async function publishing(place: Place, work: (publisher: Publisher) => Promise<unknown>): Promise<void> {
  const { publisher } = observedPublisher(place, lab.transportUrl, place.options)
  await work(publisher)
  await publisher.close(soon())
}

/** How many of so many confirmed notifications that wait in the broker it has no more after that. */
async function lostBy(action: 'restart' | 'kill'): Promise<number[]> {
  const all = Array.from({ length: notifications }, (_, number) => testNotification(number))
  for (const place of places)
    await publishing(place, (publisher) => Promise.all(all.map((one) => publisher.publish(one, soon(60)))))
  await lab.service('rabbitmq', action)
  await lab.service('rabbitmq', 'start')
  const lost: number[] = []
  for (const place of places) {
    // Exchange and queue may be gone.
    await publishing(place, (publisher) => publisher.ready(soon(60)))
    const side = await openBrokerSide(place)
    const { messageCount } = await side.onChannel((channel) => channel.purgeQueue(side.queue))
    lost.push(notifications - messageCount)
    await side.disconnect()
  }
  return lost
}

test('what a broker restart costs is what docs/operations.md says', async () => {
  // RabbitMQ can forget a quorum queue that is killed in the first minutes of its life; a restart makes it old enough.
  const restart = await lostBy('restart')
  const kill = await lostBy('kill')
  const rows = settings.map(([setting], index) => [setting, restart[index], kill[index]])
  const page = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8')
  const documented = [...page.matchAll(/^\| (.*?) +\| (\d+) of 100 +\| (\d+) of 100 +\|$/gm)]
  expect(documented.map(([, setting, ...figures]) => [setting, ...figures.map(Number)])).toEqual(rows)
  for (const place of places) await (await openBrokerSide(place)).close()
})

describe.each([
  ['durable', { durable: true }],
  ['quorum', { quorum: true }],
])('with %s', (name, options) => {
  test('no sample is lost when the broker is killed while it is published to, or restarted', async () => {
    const topic = `restarts-${name}`
    const endpoint = await statusEndpoint()
    const publisher = { exchange: topic, topics: [topic], transport_url: lab.transportUrl, ...options }
    // One notification a sample, so that there is always one under way.
    const agent = await startAgent({ agent: { http: endpoint.http, publisher, polling: { batch_size: 1 } } })
    const produced = () => agent.cycles().reduce((sum, { samples }) => sum + samples, 0)
    await agent.freshCycle()
    const before = holdingsOf(agent.pid)
    for (const action of Array.from({ length: rounds }, () => ['restart', 'kill'] as const).flat()) {
      const since = agent.lines.length
      await agent.freshCycle()
      await lab.service('rabbitmq', action)
      await agent.line(({ msg }) => msg.startsWith('destination away'), since)
      await lab.service('rabbitmq', 'start')
      await waitFor(
        'the destination is back',
        () => agent.lines.slice(since).some(({ msg }) => msg === 'destination back'),
        90,
      )
    }
    await agent.reload(everything(3600))
    const queued = async () => sumOf(await endpoint.metrics(), 'virtpoll_outbox_samples')
    await waitFor('everything is delivered', async () => (await queued()) === 0, 90)
    const after = holdingsOf(agent.pid)
    expect(leaksOf(before, after)).toEqual([])
    expect((await agent.stop()).code).toBe(0)
    // Only now somebody takes what waited in the broker all the time.
    const consumer = startConsumer(lab.amqpUrl, `${topic}.sample`)
    await waitFor('everything came', () => consumer.samples.size >= produced(), 60)
    await consumer.close()
    const { samples, changed, repeats } = consumer
    expect([samples.size, changed]).toEqual([produced(), []])
    recordFault({
      ...{ fault: `broker killed and restarted, ${name} queue`, times: 2 * rounds, repeats },
      ...{ ...ledgerOf(agent), received: samples.size, before, after },
    })
    await (await openBrokerSide({ exchange: topic, topic })).close()
  })
})
