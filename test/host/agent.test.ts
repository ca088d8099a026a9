import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  beganAt,
  everything,
  removeAgents,
  startAgent,
  type CycleLine,
  type LogLine,
} from '../support/agent.js'
import { guestBoot, guestReady, openLab } from '../support/lab.js'
import { startOsloListener, type ReceivedNotification } from '../support/oslo-listener.js'
import { removeFolders, type Ended } from '../support/virtpoll.js'

import { waitFor } from '../support/wait-for.js'

const lab = openLab()
const secret = 'a secret of this cloud'

beforeAll(async () => {
  const booted = await lab.createDomain({ number: 0x501, boot: guestBoot() })
  await lab.createDomain({ number: 0x502, disks: [{ target: 'vda' }, { target: 'vdb' }] }, 'paused')
  await lab.createDomain({ number: 0x503, vnics: [{}, {}] }, 'paused')
  await guestReady(booted)
})
afterEach(removeFolders)
afterAll(async () => {
  await removeAgents()
  await lab.removeDomains()
})

/** A port that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** The samples of Prometheus' text format, by name and labels. */
function parseMetrics(page: string): ReadonlyMap<string, number> {
  return new Map(
    page
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  )
}

describe('an agent with an interval of 5 seconds, after a minute', () => {
  const interval = 5
  let cycles: readonly CycleLine[]
  let lines: readonly LogLine[]
  let received: readonly ReceivedNotification[]
  let metrics: ReadonlyMap<string, number>
  let health: unknown
  let ended: Ended
  let secondsToEnd: number

  beforeAll(async () => {
    const listener = await startOsloListener({ url: lab.transportUrl, topics: ['minute'], secret })
    const port = await freePort()
    const agent = await startAgent({
      agent: {
        http: { listen: `127.0.0.1:${port}` },
        publisher: { topics: ['minute'], telemetry_secret: secret },
      },
      polling: everything(interval),
    })
    await waitFor('a minute of cycles', () => agent.cycles().length > 60 / interval, 75)
    cycles = agent.cycles()
    const produced = cycles.reduce((sum, { samples }) => sum + samples, 0)
    await waitFor('all samples came', () => countOf(listener.waiting) >= produced)
    metrics = parseMetrics(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text())
    health = await (await fetch(`http://127.0.0.1:${port}/healthz`)).json()
    const asked = performance.now()
    ended = await agent.stop()
    secondsToEnd = (performance.now() - asked) / 1000
    lines = agent.lines
    received = [...listener.waiting]
    await listener.stop()
  })

  const countOf = (notifications: readonly ReceivedNotification[]) =>
    notifications.reduce((sum, { samples }) => sum + samples.length, 0)

  test('has missed no tick and stayed on its grid', () => {
    // The first cycle runs at once, the others on the grid of this host.
    const onGrid = cycles.slice(1).map(beganAt)
    const strayed = onGrid.map((at, tick) => Math.abs(at - onGrid[0]! - tick * interval * 1000))
    expect(Math.max(...strayed)).toBeLessThan(1000)
    expect(metrics.get('virtpoll_ticks_missed_total')).toBe(0)
    expect(lines.filter(({ level }) => level !== 'info')).toEqual([])
  })

  test('has a log line of each cycle with the promised figures', () => {
    for (const cycle of cycles) {
      expect(cycle).toMatchObject({ interval, instances: 3 })
      expect(Object.keys(cycle.missing)).toEqual(['no-data'])
      expect([cycle.seconds > 0, cycle.seconds < 5, cycle.samples > 80, cycle.calls > 1]).toEqual(
        Array(4).fill(true),
      )
    }
    expect(new Set(cycles.map(({ samples }) => samples)).size).toBe(1)
  })

  test('had every message accepted by the real listener, every signature verified', () => {
    const verdicts = received.flatMap(({ samples }) => samples.map(({ signature_ok: ok }) => ok))
    expect(new Set(verdicts)).toEqual(new Set([true]))
    expect(new Set(received.map(({ priority, event_type: type }) => `${priority} ${type}`))).toEqual(
      new Set(['sample telemetry.polling']),
    )
  })

  test('had exactly the samples received that its log says it made', () => {
    const ids = received.flatMap(({ payload }) => payload.samples!.map(({ message_id: id }) => id))
    expect(ids).toHaveLength(cycles.reduce((sum, { samples }) => sum + samples, 0))
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('shows plausible metrics', () => {
    const samples = cycles.reduce((sum, cycle) => sum + cycle.samples, 0)
    expect(Object.fromEntries(metrics)).toMatchObject({
      'virtpoll_cycles_total{outcome="done"}': cycles.length,
      virtpoll_instances: 3,
      virtpoll_samples_produced_total: samples,
      'virtpoll_samples_confirmed_total{destination="amqp://127.0.0.1:5672/"}': samples,
      virtpoll_outbox_notifications: 0,
      virtpoll_libvirt_hung_calls: 0,
    })
    expect(Math.abs(metrics.get('virtpoll_last_cycle_timestamp_seconds')! - Date.now() / 1000)).toBeLessThan(
      15,
    )
    const made = [...metrics].filter(([name]) => name.startsWith('virtpoll_libvirt_call_seconds_count'))
    expect(made.reduce((sum, [, count]) => sum + count, 0)).toBeGreaterThan(cycles.length)
  })

  test('is healthy', () => {
    expect(health).toEqual({ live: true, ready: true, notes: [] })
  })

  test('ended within 5 seconds of SIGTERM with 0, and wrote nothing but its log', () => {
    expect([ended.code, ended.stdout, secondsToEnd < 5]).toEqual([0, '', true])
    expect(lines.at(-1)).toMatchObject({ msg: 'agent stopped' })
  })
})

describe('an agent that is told to stop while its broker is down', () => {
  const publisher = { transport_url: 'rabbit://guest:guest@127.0.0.1:1/' }

  test('gives delivering up in time, loses nothing and ends with 0', async () => {
    const agent = await startAgent({ agent: { publisher } })
    await agent.freshCycle()
    const asked = performance.now()
    const { code } = await agent.stop()
    expect([code, performance.now() - asked < 5000]).toEqual([0, true])
    expect(agent.complaints().map(({ msg }) => msg)).toEqual([
      'destination away; notifications wait in the outbox',
    ])
  })

  test('ends at once at the second SIGTERM, with 1', async () => {
    const agent = await startAgent({ agent: { publisher } })
    await agent.freshCycle()
    agent.signal('SIGTERM')
    await agent.line(({ msg }) => msg === 'stopping')
    const asked = performance.now()
    const { code } = await agent.stop()
    expect([code, performance.now() - asked < 1000]).toEqual([1, true])
  })
})

describe('the HTTP endpoint', () => {
  test('whose port is taken costs no sample, and is said once', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const listen = `127.0.0.1:${(taken.address() as AddressInfo).port}`
    const agent = await startAgent({ agent: { http: { listen }, publisher: { driver: 'noop' } } })
    await agent.moreCycles(2)
    expect(agent.said('status endpoint away').map(({ err }) => err)).toEqual([
      expect.objectContaining({
        code: 'STATUS_UNAVAILABLE',
        message: expect.stringContaining(`cannot listen on ${listen}`) as string,
      }),
    ])
    expect(agent.cycles().at(-1)).toMatchObject({ instances: 3 })
    expect((await agent.stop()).code).toBe(0)
    taken.close()
  })
})

describe('a steady cycle', () => {
  const meters = ['cpu', 'memory.*', 'network.*', 'disk.device.read.*', 'power.state']
  const polling = { sources: [{ name: 'steady', interval: 1, meters }] }

  test('makes one call for the list and one for each slice, however many domains there are', async () => {
    const few = await startAgent({ polling })
    await few.freshCycle()
    expect(await few.freshCycle()).toMatchObject({ instances: 3, calls: 2 })
    const small = { disks: [], vnics: [] }
    for (let number = 0x510; number < 0x516; number += 1)
      await lab.createDomain({ number, ...small }, 'paused')
    await few.line((line) => line['instances'] === 9)
    await few.freshCycle()
    expect(await few.freshCycle()).toMatchObject({ instances: 9, calls: 3 })
    await few.stop()
  })
})
