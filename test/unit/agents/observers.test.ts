import { describe, expect, it } from 'vitest'
import { createHealthRecord } from '../../../src/agents/health.js'
import { observeDestination, observeInspector, observePolling } from '../../../src/agents/observers.js'
import type { Source } from '../../../src/config/options.js'
import { AgentError, ConnectionError, InspectError } from '../../../src/errors.js'
import { createLogger } from '../../../src/observe/log.js'
import { createMetrics } from '../../../src/observe/metrics.js'
import type { CycleReport } from '../../../src/polling/report.js'
import { createFakeClock } from '../../support/fake-clock.js'
import { noFigures } from '../../support/figures.js'

/** After three of its intervals nothing has happened for too long. */
const source: Source = {
  ...{ name: 'all', meters: ['*'], discovery: [] },
  schedule: { kind: 'interval', seconds: 20 },
}
const instant = { wallMs: 0, monotonicSeconds: 0 }

const quiet: CycleReport = {
  ...{ startedAt: instant, finishedAt: instant, seconds: 0.25, calls: 2, notifications: 1, instances: 1 },
  ...{ expected: 2, produced: 1, missing: { 'no-data': 1 }, unaccounted: 0 },
  ...{ skipped: [], faults: [], pollsters: [], error: undefined },
  schedules: [
    { kind: 'interval', seconds: 60 },
    { kind: 'interval', seconds: 5 },
  ],
}

async function logging() {
  const lines: Record<string, unknown>[] = []
  const log = await createLogger(
    { level: 'info', format: 'json' },
    { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) },
  )
  return { lines, log }
}

async function watching() {
  const { lines, log } = await logging()
  const metrics = createMetrics(noFigures)
  const health = createHealthRecord({ clock: createFakeClock(), sources: () => [source] })
  const observer = observePolling({ log, health, metrics: () => metrics })
  const after = (report: Partial<CycleReport>): unknown[] => {
    lines.length = 0
    observer.cycleFinished({ ...quiet, ...report })
    return lines.map(({ msg }) => msg)
  }
  return { lines, after }
}

describe('the log of cycles', () => {
  it('has one line a cycle with the keys that operators rely on', async () => {
    const { lines, after } = await watching()
    after({})
    expect(lines).toEqual([
      {
        ...{ level: 'info', time: lines[0]?.['time'], msg: 'cycle', outcome: 'done' },
        ...{ seconds: 0.25, interval: 5, schedules: ['every 60 s', 'every 5 s'] },
        ...{ instances: 1, samples: 1, expected: 2, missing: { 'no-data': 1 }, notifications: 1, calls: 2 },
      },
    ])
  })

  it('says how many samples nobody accounts for', async () => {
    const { lines, after } = await watching()
    after({ unaccounted: 1 })
    expect(lines[0]).toMatchObject({ unaccounted: 1 })
  })

  it('names a domain that is left out once, and again when it was away meanwhile', async () => {
    const { after } = await watching()
    const skipped = [{ id: 'u', name: 'n', reason: 'unmanaged', detail: 'no metadata' }] as const
    expect(after({ skipped })).toEqual(['cycle', 'left out'])
    expect(after({ skipped })).toEqual(['cycle'])
    expect(after({ calls: 0 }), 'a cycle that looked at no domain').toEqual(['cycle'])
    expect(after({ skipped })).toEqual(['cycle'])
    expect(after({})).toEqual(['cycle'])
    expect(after({ skipped })).toEqual(['cycle', 'left out'])
  })

  it('names damaged metadata once', async () => {
    const { after } = await watching()
    const faults = [{ id: 'u', name: 'n', detail: 'flavor has no name' }]
    expect(after({ faults })).toEqual(['cycle', 'metadata damaged; only what it says there is missing'])
    expect(after({ faults })).toEqual(['cycle'])
  })

  it('names once what it left out or found damaged while a discovery fails, and forgets nothing then', async () => {
    const { after } = await watching()
    const error = new AgentError('CONFIG_INVALID', 'no such discovery')
    const skipped = [{ id: 'u', name: 'n', reason: 'unmanaged', detail: 'no metadata' }] as const
    const faults = [{ id: 'v', name: 'm', detail: 'flavor has no name' }]
    expect(after({ skipped, faults, error })).toEqual([
      ...['cycle', 'left out', 'metadata damaged; only what it says there is missing', 'cycle incomplete'],
    ])
    expect(after({ skipped, faults, error })).toEqual(['cycle'])
    expect(after({ error })).toEqual(['cycle'])
    expect(after({ skipped, faults })).toEqual(['cycle', 'cycles complete again'])
  })

  it('has one line when a discovery begins to fail and one when it works again', async () => {
    const { after } = await watching()
    const error = new AgentError('CONFIG_INVALID', 'no such discovery')
    expect(after({ error })).toEqual(['cycle', 'cycle incomplete'])
    expect(after({ error })).toEqual(['cycle'])
    expect(after({})).toEqual(['cycle', 'cycles complete again'])
  })

  it('leaves it to the inspector to say that libvirt is away', async () => {
    const { lines, after } = await watching()
    expect(after({ error: new ConnectionError('LIBVIRT_UNREACHABLE', 'gone') })).toEqual(['cycle'])
    expect(lines[0]).toMatchObject({ outcome: 'failed' })
    expect(after({})).toEqual(['cycle'])
  })

  it('has one line when a pollster begins to fail and one when it works again', async () => {
    const { after } = await watching()
    const pollster = { meter: 'm', resources: 3, failures: 2, error: new Error('nonsense') }
    const failing = after({ pollsters: [pollster] })
    expect(failing).toEqual(['cycle', 'pollster fails; its figures are missing, others go on'])
    expect(after({ pollsters: [pollster] })).toEqual(['cycle'])
    expect(after({ pollsters: [{ ...pollster, resources: 0, failures: 0, error: undefined }] })).toEqual([
      'cycle',
    ])
    expect(after({ pollsters: [{ ...pollster, failures: 0, error: undefined }] })).toEqual([
      'cycle',
      'pollster works again',
    ])
  })
})

describe('the health of the agent', () => {
  it('is live while cycles finish, and says since when none has', async () => {
    const clock = createFakeClock()
    const health = createHealthRecord({ clock, sources: () => [source] })
    await clock.advance(50)
    health.cycleFinished()
    await clock.advance(60)
    expect(health.read()).toEqual({ live: true, ready: true, notes: [] })
    await clock.advance(30)
    expect(health.read()).toEqual({ live: false, ready: true, notes: ['no cycle has finished for 90 s'] })
  })

  it('is ready while libvirt and every destination are there', () => {
    const health = createHealthRecord({ clock: createFakeClock(), sources: () => [source] })
    health.away('libvirt', 'no socket')
    health.away('amqp://h', 'refused')
    health.back('libvirt')
    expect(health.read()).toMatchObject({ live: true, ready: false, notes: ['amqp://h: refused'] })
  })

  it('is not ready before libvirt and every destination were tried', async () => {
    const health = createHealthRecord({ clock: createFakeClock(), sources: () => [source] })
    const metrics = createMetrics(noFigures)
    const parts = { log: await createLogger({ level: 'silent', format: 'json' }, process.stderr), health }
    const inspector = observeInspector({ ...parts, metrics: () => metrics })
    const destination = observeDestination('amqp://one', { ...parts, metrics: () => metrics })
    expect(health.read()).toMatchObject({
      ...{ live: true, ready: false },
      notes: ['libvirt: not tried yet', 'amqp://one: not tried yet'],
    })
    inspector.connected(undefined)
    expect(health.read()).toMatchObject({ ready: false, notes: ['amqp://one: not tried yet'] })
    destination.onConnected?.()
    expect(health.read()).toEqual({ live: true, ready: true, notes: [] })
  })
})

describe('the log of domains', () => {
  it.each([
    ['whole', 'domain cannot be read'],
    ['part', 'domain cannot be read in part; its other figures go on'],
  ] as const)('has the text of libvirt when a domain fails: %s', async (extent, msg) => {
    const { lines, log } = await logging()
    const health = createHealthRecord({ clock: createFakeClock(), sources: () => [source] })
    const inspector = observeInspector({ log, health, metrics: () => createMetrics(noFigures) })
    const error = new InspectError('LIBVIRT_CALL_FAILED', 'blockInfo failed: no such file')
    inspector.domainFailed({ uuid: 'u', name: 'n' }, error, extent)
    expect(lines).toMatchObject([
      { level: 'warn', msg, uuid: 'u', name: 'n', err: { message: error.message } },
    ])
  })
})

describe('the count of reconnects', () => {
  it('has libvirt and each destination, and leaves the first connection out', async () => {
    const health = createHealthRecord({ clock: createFakeClock(), sources: () => [source] })
    const metrics = createMetrics(noFigures)
    const parts = { log: await createLogger({ level: 'silent', format: 'json' }, process.stderr), health }
    const inspector = observeInspector({ ...parts, metrics: () => metrics })
    const destinations = ['one', 'two'].map((name) =>
      observeDestination(name, { ...parts, metrics: () => metrics }),
    )
    for (const seconds of [undefined, 3, 4]) inspector.connected(seconds)
    for (const destination of [...destinations, destinations[1]]) destination?.onConnected?.()
    const page = await metrics.render()
    expect([...page.matchAll(/^virtpoll_\w*reconnects_total.*/gm)].map(([line]) => line)).toEqual([
      'virtpoll_libvirt_reconnects_total 2',
      'virtpoll_destination_reconnects_total{destination="one"} 0',
      'virtpoll_destination_reconnects_total{destination="two"} 1',
    ])
  })
})
