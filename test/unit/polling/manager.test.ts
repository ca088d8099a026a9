import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Schedule } from '../../../src/config/options.js'
import {
  createPollingManager,
  type ManagerOptions,
  type PollingManager,
} from '../../../src/polling/manager.js'
import type { CycleReport } from '../../../src/polling/report.js'
import { scheduleKey } from '../../../src/polling/plan.js'
import { phaseOf } from '../../../src/schedule/ticks.js'
import { anInstance } from '../../support/instances.js'
import { aPollster, aSource, every, FakeWorld } from '../../support/polling.js'

const host = 'compute-1'
let world: FakeWorld
let stop: AbortController
let manager: PollingManager
let ended: Promise<void>
const reports: [at: number, report: CycleReport][] = []
const missed: [schedule: string, count: number][] = []

beforeEach(() => {
  world = new FakeWorld()
  world.resources = [anInstance()]
  stop = new AbortController()
  reports.length = 0
  missed.length = 0
})
afterEach(async () => {
  stop.abort()
  await ended
  expect(world.clock.sleepers).toBe(0)
})

/** Starts a manager at monotonic second 1000; the grid of 10 s begins `phase` later. */
async function start(options: Partial<ManagerOptions> = {}): Promise<void> {
  manager = createPollingManager({
    ...world.parts,
    notifier: world,
    sources: [aSource()],
    pollsters: [aPollster()],
    computedMeters: false,
    host,
    observer: {
      cycleFinished: (report) => void reports.push([world.clock.now().monotonicSeconds, report]),
      ticksMissed: (schedule: Schedule, count) => void missed.push([scheduleKey(schedule), count]),
    },
    ...options,
  })
  ended = manager.run(stop.signal)
  await world.clock.advance(0)
}

const startSecond = 1000
/** Seconds from the start to the first tick of a grid. */
const firstTick = (interval: number) =>
  interval - ((((startSecond - phaseOf(host)) % interval) + interval) % interval)
const cyclesAt = () => reports.map(([at]) => at - startSecond)

describe('the polling manager', () => {
  it('polls at once, then on the grid of the host', async () => {
    await start()
    expect(cyclesAt()).toEqual([0])
    await world.clock.advance(25)
    const first = firstTick(10)
    expect(cyclesAt()).toEqual([0, first, first + 10, first + 20].filter((at) => at <= 25))
    expect(missed).toEqual([])
  })

  it('runs one cycle for all sources that are due together', async () => {
    await start({ sources: [aSource(), aSource({ name: 'slow', schedule: every(60) })] })
    await world.clock.advance(60)
    const together = reports.filter(([, { schedules }]) => schedules.length === 2)
    expect(together.map(([at]) => at - startSecond)).toEqual([0, firstTick(60)])
    expect(reports).toHaveLength(7)
  })

  it('never runs two cycles at a time, and counts the ticks that pass meanwhile', async () => {
    await start()
    const first = firstTick(10)
    await world.clock.advance(first - 1)
    let running = 0
    world.beforeInspection = async () => {
      running += 1
      expect(running).toBe(1)
      await world.clock.sleepUntil(world.clock.now().monotonicSeconds + 25, new AbortController().signal)
      running -= 1
    }
    await world.clock.advance(26)
    world.beforeInspection = undefined
    expect(cyclesAt()).toEqual([0, first + 25])
    expect(missed).toEqual([['every 10 s', 2]])
    await world.clock.advance(10)
    expect(cyclesAt()).toEqual([0, first + 25, first + 30])
  })

  it('polls late, and not never, a source whose tick passes during the cycle of another', async () => {
    await start({ sources: [aSource(), aSource({ name: 'slow', schedule: every(17) })] })
    const slowTick = firstTick(17)
    const fastTick = firstTick(10) + 10 * Math.floor((slowTick - firstTick(10) - 0.001) / 10)
    expect(fastTick).toBeLessThan(slowTick)
    await world.clock.advance(fastTick - 0.5)
    const before = reports.length
    world.beforeInspection = () => {
      world.beforeInspection = undefined
      return world.clock.sleepUntil(startSecond + slowTick + 0.5, new AbortController().signal)
    }
    await world.clock.advance(slowTick + 1 - (fastTick - 0.5))
    const [, late] = reports.slice(before)
    expect(late![0] - startSecond).toBeCloseTo(slowTick + 0.5)
    expect(late![1].schedules).toEqual([every(17)])
    expect(missed).toEqual([])
  })

  it('polls a cron source when it is due and not before', async () => {
    const schedule = { kind: 'cron', expression: '* * * * *', timeZone: 'UTC' } as const
    await start({ sources: [aSource({ schedule })] })
    expect(cyclesAt()).toEqual([])
    await world.clock.advance(130)
    expect(cyclesAt()).toEqual([60, 120])
  })

  it('goes on after a cycle that was lost', async () => {
    world.surveyError = new Error('no libvirt')
    await start()
    world.surveyError = undefined
    await world.clock.advance(10)
    expect(reports.map(([, { error, produced }]) => [error?.message, produced])).toEqual([
      ['no libvirt', 0],
      [undefined, 1],
    ])
  })

  it('begins no cycle after stop, and lets the running one end', async () => {
    let finish: () => void = () => undefined
    world.beforeInspection = () => new Promise((resolve) => (finish = resolve))
    await start()
    manager.stop()
    let over = false
    void ended.then(() => (over = true))
    await world.clock.advance(30)
    expect([over, reports.length]).toEqual([false, 0])
    finish()
    await ended
    expect(reports).toMatchObject([[1030, { produced: 1 }]])
  })

  it('gives the running cycle up at the signal', async () => {
    world.beforeInspection = () => world.clock.sleepUntil(Number.MAX_VALUE, stop.signal)
    await start()
    stop.abort(new Error('stopping'))
    await ended
    expect(reports).toMatchObject([[1000, { produced: 0, missing: { stopped: 1 } }]])
  })

  it('waits for sources where there are none', async () => {
    await start({ sources: [] })
    await world.clock.advance(100)
    expect(reports).toEqual([])
    manager.reload([aSource()])
    await world.clock.advance(10)
    expect(cyclesAt()).toEqual([100 + firstTick(10)])
  })
})

describe('a reload', () => {
  const counting = aPollster({
    poll: (_instance, { memory, now }) => {
      const count = Number(memory.recall('count')?.volume ?? 0) + 1
      memory.remember('count', { volume: count, takenAt: now, epoch: '' })
      return [{ volume: count }]
    },
  })
  const volumes = () => world.samples.map(({ volume }) => volume)

  it('keeps what is remembered for a source and meter that stay', async () => {
    await start({ pollsters: [counting] })
    manager.reload([aSource({ meters: ['one'] })])
    await world.clock.advance(10)
    expect(volumes()).toEqual([1, 2])
  })

  it('forgets what is no longer polled', async () => {
    await start({ pollsters: [counting] })
    manager.reload([aSource({ name: 'new' })])
    await world.clock.advance(10)
    expect(volumes()).toEqual([1, 1])
    expect(world.memory.size).toBe(1)
  })

  it('leaves the ticks of a schedule that stays where they are, and starts a new one on the grid', async () => {
    await start()
    await world.clock.advance(1)
    manager.reload([aSource(), aSource({ name: 'new', schedule: every(60) })])
    await world.clock.advance(60)
    const first = firstTick(10)
    expect(cyclesAt()).toEqual(
      [0, ...[0, 10, 20, 30, 40, 50, 60].map((tick) => tick + first)].filter((at) => at <= 61),
    )
    const both = reports.filter(([, { schedules }]) => schedules.length === 2)
    expect(both.map(([at]) => at - startSecond)).toEqual([firstTick(60)])
  })

  it('keeps a tick that came while another source was polled', async () => {
    const sources = [aSource(), aSource({ name: 'slow', schedule: every(17) })]
    await start({ sources })
    const fastTick = firstTick(10)
    await world.clock.advance(fastTick - 0.5)
    const before = reports.length
    const slowTick = [0, 17, 34].map((tick) => tick + firstTick(17)).find((tick) => tick > fastTick)!
    world.beforeInspection = () => {
      world.beforeInspection = undefined
      return world.clock.sleepUntil(startSecond + slowTick + 0.5, new AbortController().signal)
    }
    await world.clock.advance(1)
    manager.reload([...sources])
    await world.clock.advance(slowTick - fastTick)
    const [fast, slow] = reports.slice(before)
    expect([fast![1].schedules, slow![1].schedules]).toEqual([[every(10)], [every(17)]])
    expect(slow![0] - startSecond).toBeCloseTo(slowTick + 0.5)
  })

  it('does not disturb the cycle that runs', async () => {
    world.beforeInspection = () => world.clock.sleepUntil(startSecond + 0.5, new AbortController().signal)
    await start()
    manager.reload([])
    await world.clock.advance(30)
    expect(reports).toMatchObject([[1000.5, { produced: 1 }]])
  })
})
