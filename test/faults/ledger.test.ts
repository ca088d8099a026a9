import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { removeAgents, startAgent, type Agent, type CycleLine } from '../support/agent.js'
import { openBrokerSide, type BrokerSide } from '../support/broker.js'
import { samplesOf } from '../support/broker-record.js'
import { ledgerOf, recordFault } from '../support/fault-record.js'
import { openLab } from '../support/lab.js'
import { pollsterFile } from '../support/pollster-file.js'
import { statusEndpoint, sumOf, type MetricFigures, type StatusEndpoint } from '../support/status-endpoint.js'
import { folderOf } from '../support/virtpoll.js'
import { waitFor } from '../support/wait-for.js'

const lab = openLab()

beforeAll(async () => {
  await lab.createDomain({ number: 0xb01, disks: [{ target: 'vda' }, { target: 'vdb' }] }, 'paused')
  await lab.createDomain({ number: 0xb02, vnics: [{}, {}] }, 'paused')
  await lab.createDomain({ number: 0xb03 }, 'defined')
})
afterEach(async () => {
  await removeAgents()
  await lab.service('rabbitmq', 'start')
})
afterAll(() => lab.removeDomains())

/** What the first equation of the ledger leaves open in a cycle: 0, or a sample went without a word. */
function unexplained({ expected, samples, missing }: CycleLine): number {
  return Number(expected) - samples - Object.values(missing).reduce((sum, count) => sum + count, 0)
}

/** What both equations of the ledger leave open, by the metrics alone: the first, and the second for each destination. */
function openBalances(metrics: MetricFigures): readonly number[] {
  const sum = (name: string) => sumOf(metrics, `virtpoll_${name}`)
  const produced = sum('samples_produced_total')
  return [
    sum('samples_expected_total') - produced - sum('samples_missing_total'),
    ...destinationsIn(metrics).map((destination) => {
      const of = (name: string) => figureOf(metrics, name, destination)
      const received = produced + of('samples_recovered_total')
      return received - of('samples_confirmed_total') - of('outbox_samples') - of('samples_dropped_total')
    }),
  ]
}

function destinationsIn(metrics: MetricFigures): readonly string[] {
  return [...metrics.keys()].flatMap(
    (key) => /^virtpoll_samples_confirmed_total\{destination="([^"]*)"\}$/.exec(key)?.[1] ?? [],
  )
}

/** The sum over all other labels. */
function figureOf(metrics: MetricFigures, name: string, destination: string): number {
  const mine = [...metrics].filter(([key]) => key.startsWith(`virtpoll_${name}{destination="${destination}"`))
  return mine.reduce((sum, [, figure]) => sum + figure, 0)
}

/** The figures between two cycles: what a cycle under way has put into the outbox is not yet counted as produced. */
async function metricsAtRest(agent: Agent, endpoint: StatusEndpoint): Promise<MetricFigures> {
  return waitFor('a scrape between two cycles', async () => {
    await agent.freshCycle()
    const before = agent.cycles().length
    const metrics = await endpoint.metrics()
    return agent.cycles().length === before && metrics
  })
}

test("a user's pollster that drops one sample without a word is told by log, metrics and its name", async () => {
  const endpoint = await statusEndpoint()
  // The first of the instances loses its sample, in the second cycle only.
  const polls = '((n) => () => (n += 1) === 4 ? [] : [{ volume: 1 }])(0)'
  const agent = await startAgent({
    agent: { http: endpoint.http, polling: { pollsters: ['own.mjs'] } },
    files: { 'own.mjs': pollsterFile({ 'own.leaks': polls }) },
  })
  await agent.moreCycles(4)
  const [first, second, ...others] = agent.cycles()
  expect([first, ...others].map((line) => [unexplained(line!), line!['unaccounted']])).toEqual(
    Array(1 + others.length).fill([0, undefined]),
  )
  expect([unexplained(second!), second!['unaccounted']]).toEqual([1, 1])
  const metrics = await metricsAtRest(agent, endpoint)
  expect(openBalances(metrics)).toEqual([1, 0])
  expect(metrics.get('virtpoll_samples_unaccounted_total')).toBe(1)
  expect(agent.complaints()).toMatchObject([
    { level: 'error', meter: 'own.leaks', failures: 1, err: { code: 'POLLSTER_FAILED' } },
  ])
  expect(agent.said('pollster works again')).toMatchObject([{ meter: 'own.leaks' }])
})

async function idsIn(broker: BrokerSide, count: number): Promise<ReadonlySet<unknown>> {
  const ids = new Set<unknown>()
  await waitFor(`${count} samples came`, async () => {
    const { messageCount } = await broker.onChannel((channel) => channel.checkQueue(broker.queue))
    for (const { content } of await broker.take(messageCount))
      for (const { message_id: id } of samplesOf(content)) ids.add(id)
    return ids.size >= count
  })
  return ids
}

test('the ledger balances while the broker is there, away and back, and what is confirmed is what came', async () => {
  const endpoint = await statusEndpoint()
  const topic = 'ledger'
  const agent = await startAgent({
    agent: { http: endpoint.http, publisher: { topics: [topic], exchange: topic, durable: true } },
  })
  await agent.moreCycles(3)
  const before = await metricsAtRest(agent, endpoint)
  await lab.service('rabbitmq', 'stop')
  await agent.line(({ msg }) => msg.startsWith('destination away'))
  await agent.moreCycles(4)
  const during = await metricsAtRest(agent, endpoint)
  await lab.service('rabbitmq', 'start')
  await agent.line(({ msg }) => msg === 'destination back')
  await waitFor(
    'the backlog is gone',
    async () => sumOf(await endpoint.metrics(), 'virtpoll_outbox_samples') === 0,
  )
  const after = await metricsAtRest(agent, endpoint)
  expect([before, during, after].map(openBalances)).toEqual([
    [0, 0],
    [0, 0],
    [0, 0],
  ])
  expect(sumOf(during, 'virtpoll_outbox_samples')).toBeGreaterThan(100)
  expect(agent.cycles().map(unexplained)).toEqual(Array(agent.cycles().length).fill(0))
  expect((await agent.stop()).code).toBe(0)
  const produced = agent.cycles().reduce((sum, { samples }) => sum + samples, 0)
  const broker = await openBrokerSide({ exchange: topic, topic })
  const received = (await idsIn(broker, produced)).size
  expect(received).toBe(produced)
  recordFault({ fault: 'broker away for some cycles', ...ledgerOf(agent), received })
  await broker.close()
})

test('what an outbox without room drops is in the ledger, with its reason', async () => {
  const endpoint = await statusEndpoint()
  const large = '() => [{ volume: 1, metadata: { filler: "x".repeat(200_000) } }]'
  const agent = await startAgent({
    agent: {
      http: endpoint.http,
      publisher: { transport_url: 'rabbit://127.0.0.1:1/' },
      outbox: { directory: 'outbox', max_bytes: 1_048_576 },
      polling: { pollsters: ['own.mjs'] },
    },
    files: { 'own.mjs': pollsterFile({ 'own.large': large }) },
  })
  const destination = 'amqp://127.0.0.1:1/'
  const full = `virtpoll_samples_dropped_total{destination="${destination}",reason="full"}`
  await waitFor('the outbox is full', async () => ((await endpoint.metrics()).get(full) ?? 0) > 0)
  const metrics = await metricsAtRest(agent, endpoint)
  expect(openBalances(metrics)).toEqual([0, 0])
  expect(figureOf(metrics, 'samples_confirmed_total', destination)).toBe(0)
  expect(metrics.get(full)).toBeGreaterThan(0)
})

test('the ledger closes for each of several destinations, and for each anew after the agent was killed', async () => {
  const endpoint = await statusEndpoint()
  const kept = { directory: join(await folderOf({}), 'outbox') }
  const url = lab.transportUrl
  const publisher = [
    { topics: ['ledger-one'], exchange: 'ledger', transport_url: url },
    { topics: ['ledger-two'], exchange: 'ledger', transport_url: url, telemetry_secret: 'another' },
    { topics: ['ledger-one'], exchange: 'ledger', transport_url: 'rabbit://127.0.0.1:1/' },
  ]
  const options = { agent: { http: endpoint.http, outbox: kept, publisher } }
  const names = ['amqp://127.0.0.1:5672/', 'amqp://127.0.0.1:1/', 'amqp://127.0.0.1:5672/ ledger/ledger-two']
  const first = await startAgent(options)
  await first.moreCycles(3)
  const before = await metricsAtRest(first, endpoint)
  first.signal('SIGKILL')
  await first.ended
  const second = await startAgent(options)
  await second.moreCycles(2)
  const after = await metricsAtRest(second, endpoint)
  const [live, dead, other] = names.map((name) => ({
    queued: [before, after].map((metrics) => figureOf(metrics, 'outbox_samples', name)),
    recovered: figureOf(after, 'samples_recovered_total', name),
    confirmed: figureOf(after, 'samples_confirmed_total', name),
  }))
  expect([before, after].map(destinationsIn)).toEqual([names, names])
  expect([before, after].map(openBalances)).toEqual([Array(4).fill(0), Array(4).fill(0)])
  expect(dead).toMatchObject({ confirmed: 0 })
  // A kill may cost what was being written of the last cycle.
  const lastCycle = first.cycles().at(-1)!.samples
  expect(dead!.recovered).toBeGreaterThanOrEqual(dead!.queued[0]! - lastCycle)
  expect(dead!.queued[1]).toBeGreaterThan(dead!.recovered)
  expect([live, other].map((one) => one!.confirmed > 0)).toEqual([true, true])
  for (const topic of ['ledger-one', 'ledger-two'])
    await (await openBrokerSide({ exchange: 'ledger', topic })).close()
})
