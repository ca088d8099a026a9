import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { everything, removeAgents, type Agent } from '../support/agent.js'
import { brokerTarget } from '../support/broker.js'
import { recordFault } from '../support/fault-record.js'
import { faultScale } from '../support/fault-scale.js'
import { openLab } from '../support/lab.js'
import { savedIn } from '../support/notifications.js'
import { statusEndpoint, sumOf, type MetricFigures, type StatusEndpoint } from '../support/status-endpoint.js'
import { startTcpCut } from '../support/tcp-cut.js'
import { folderOf } from '../support/virtpoll.js'
import { waitFor } from '../support/wait-for.js'
import { settle } from './soak/account.js'
import { act, garbageOptions, mend, rest, type MadeFault, type Rest } from './soak/act.js'
import { startConsumer } from './soak/consumer.js'
import { guestsOf } from './soak/guests.js'
import { startLives } from './soak/lives.js'
import { plannedFaults } from './soak/plan.js'
import type { Host } from './soak/strikes.js'
import { startWatch } from './soak/watch.js'

const seconds = Number(process.env['SOAK_MINUTES'] ?? faultScale({ reduced: 2, full: 60 })) * 60
const seed = Number(process.env['SOAK_SEED'] ?? 1)
const guestCount = 12
const intervalSeconds = 3
const topic = 'soak'
/** Where it is told what was done and what the agent said to it. */
const reports = '.lab/reports'

const lab = openLab()
const guests = guestsOf(lab, guestCount)

beforeAll(async () => {
  await guests.reviveAll()
})
afterEach(async () => {
  await removeAgents()
  await lab.service('libvirtd', 'start')
  for (const spec of guests.specs) guests.signal(spec, 'SIGCONT')
  await lab.removeDomains()
})

/** Files of a connection to libvirt, and the most connections: one carries callbacks, four carry calls. */
const filesOfConnection = 3
const mostConnections = 5
/** When a libvirtd that stood still goes on, it takes a while until it has answered everything. */
const settlingMs = 5000
/** It says nothing, or nothing of a domain of which nothing needs its monitor. */
const harmsLibvirtd = ({ fault, toMs }: MadeFault): boolean =>
  (fault.startsWith('libvirtd') || fault === 'stopped guest destroyed') &&
  (toMs === undefined || Date.now() - toMs < settlingMs)

/** Of this test to the agent's HTTP endpoint, and of the agent to its broker when one follows on another. */
const passingFiles = 3
/** How much more may be held at the end, MiB: in the heap without its garbage, and by the process. */
const heapGrowth = 4
const processGrowth = 32

function expectFlat(before: Rest, after: Rest): void {
  expect(after.connections).toBeLessThanOrEqual(mostConnections)
  const grown = Math.max(0, after.connections - before.connections)
  expect(after.files).toBeLessThanOrEqual(before.files + filesOfConnection * grown + passingFiles)
  expect(after.threads).toBeLessThanOrEqual(before.threads + mostConnections)
  expect(after.heapMebibytes).toBeLessThan(before.heapMebibytes + heapGrowth)
  expect(after.mebibytes).toBeLessThan(before.mebibytes + processGrowth)
}

/**
 * The figures of a moment at which no cycle runs, for what one has put into the outbox is not yet counted as produced.
 * Rejects when they never say the same as the log.
 */
function betweenCycles(agent: Agent, endpoint: StatusEndpoint): Promise<MetricFigures> {
  return waitFor('metrics between two cycles that say what the log says', async () => {
    await agent.freshCycle()
    const metrics = await endpoint.metrics()
    const produced = agent.cycles().reduce((sum, { samples }) => sum + samples, 0)
    return metrics.get('virtpoll_samples_produced_total') === produced && metrics
  })
}

/** What both equations of the ledger leave open. */
function openBalances(metrics: MetricFigures): readonly number[] {
  const sum = (name: string) => sumOf(metrics, `virtpoll_${name}`)
  return [
    sum('samples_expected_total') - sum('samples_produced_total') - sum('samples_missing_total'),
    sum('samples_produced_total') +
      sum('samples_recovered_total') -
      sum('samples_confirmed_total') -
      sum('outbox_samples') -
      sum('samples_dropped_total'),
  ]
}

const linesWith = ({ lines }: Agent, beginning: string): number =>
  lines.filter(({ msg }) => msg.startsWith(beginning)).length

/** Everything that was done and said, in the order of time. */
async function tell(
  journal: readonly MadeFault[],
  lines: readonly { readonly time: string }[],
): Promise<void> {
  const faults = journal.flatMap(({ fault, fromMs, toMs }) => [
    { time: new Date(fromMs).toISOString(), fault },
    ...(toMs === undefined ? [] : [{ time: new Date(toMs).toISOString(), mended: fault }]),
  ])
  const all = [...faults, ...lines].toSorted((one, other) => (one.time < other.time ? -1 : 1))
  await mkdir(reports, { recursive: true })
  await writeFile(join(reports, 'soak.jsonl'), all.map((line) => `${JSON.stringify(line)}\n`).join(''))
}

test(
  'faults at random, one upon the other, lose no sample, change none, and leave nothing behind in the agent',
  async () => {
    console.info(
      `soak: ${seconds} s, seed ${seed} (SOAK_MINUTES, SOAK_SEED); what happens is told in ${reports}/soak.jsonl`,
    )
    const cut = await startTcpCut(brokerTarget)
    const endpoint = await statusEndpoint()
    const outbox = join(await folderOf({}), 'outbox')
    const lives = await startLives(
      {
        agent: {
          http: endpoint.http,
          libvirt: { call_timeout_seconds: 2 },
          polling: { computed_meters: true },
          outbox: { directory: outbox },
          publisher: {
            ...{ exchange: topic, topics: [topic], durable: true },
            transport_url: `rabbit://guest:guest@127.0.0.1:${cut.port}/`,
          },
        },
        polling: everything(intervalSeconds),
        env: garbageOptions,
      },
      outbox,
    )
    const consumer = startConsumer(lab.amqpUrl, `${topic}.sample`)
    const host: Host = { lab, guests, lives, consumer, cut }
    const plan = {
      guests: plannedFaults(seed, 'guests'),
      libvirtd: plannedFaults(seed, 'libvirtd'),
      broker: plannedFaults(seed, 'broker'),
      agent: plannedFaults(seed, 'agent'),
    }
    const journal: MadeFault[] = []
    const watch = startWatch(endpoint, lives, () => !journal.some(harmsLibvirtd))
    try {
      await act(host, plan, { seconds: seconds / 2, without: [], journal })
      await mend(host)
      const before = await rest(host, endpoint)
      await act(host, plan, { seconds: seconds / 2, without: ['agent killed', 'agent ended'], journal })
      await mend(host)
      const after = await rest(host, endpoint)
      const { agent } = lives
      const metrics = await betweenCycles(agent, endpoint)
      await lives.end()
      await consumer.drained()
      await watch.close()
      const account = settle({
        ...{ lives: lives.past, restarts: guests.restarts },
        samples: consumer.samples.values(),
      })
      const { repeats, changed } = consumer
      const { mostHungCalls: callsOut, mostCallsOut, mostDropped, fallen } = watch
      const { lost, unasked, open, backwards, ...figures } = account
      console.info(
        JSON.stringify({
          ...{ faults: journal.length, lives: lives.past.length, ...figures },
          ...{ repeats, callsOut, mostCallsOut, before, after },
        }),
      )
      recordFault({
        fault: `faults at random for ${seconds / 60} minutes`,
        times: journal.length,
        ...{ expected: account.expected, missing: account.missing },
        received: account.received - account.untold,
        ...{ repeats, callsOut, before, after },
      })

      expect({ lost, unasked, open }).toEqual({ lost: [], unasked: [], open: [] })
      expect({ backwards, fallen, changed }).toEqual({ backwards: [], fallen: [], changed: [] })
      expect(await savedIn(outbox)).toEqual([])
      expect(mostDropped).toBe(0)
      expect(openBalances(metrics)).toEqual([0, 0])
      expect(callsOut).toBeLessThanOrEqual(3)
      for (const whom of ['libvirt', 'destination'])
        expect(linesWith(agent, `${whom} away`)).toBe(linesWith(agent, `${whom} back`))
      expectFlat(before, after)
    } finally {
      await tell(journal, lives.lines)
      await removeAgents()
      await watch.close()
      await consumer.close()
      await cut.close()
    }
  },
  (seconds + 900) * 1000,
)
