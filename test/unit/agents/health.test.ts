import { describe, expect, it } from 'vitest'
import { createHealthRecord, patienceSeconds } from '../../../src/agents/health.js'
import type { Schedule, Source } from '../../../src/config/options.js'
import { createFakeClock } from '../../support/fake-clock.js'

const sourceOf = (schedule: Schedule): Source => ({ name: 'all', schedule, meters: ['*'], discovery: [] })
const every = (seconds: number) => sourceOf({ kind: 'interval', seconds })
const at = (expression: string) => sourceOf({ kind: 'cron', expression, timeZone: 'UTC' })
const friday = { monotonicSeconds: 7, wallMs: Date.UTC(2026, 0, 2, 18, 30) }

describe('how long the agent may go without a finished cycle', () => {
  const hour = 3600
  it.each([
    ['three intervals', [every(300)], 900],
    ['a minute at the least', [every(1)], 60],
    ['three ticks of the most frequent source', [every(hour), every(300)], 900],
    ['three ticks of a cron expression, counted from the last cycle', [at('0 * * * *')], 2.5 * hour],
    ['as long as a cron expression has no tick', [at('0 8 * * MON-FRI')], (5 * 24 - 10.5) * hour],
    [
      'what the more frequent one says, of an interval and a cron expression',
      [every(hour), at('* * * * *')],
      180,
    ],
  ])('is %s', (_what, sources, seconds) => {
    expect(patienceSeconds(sources, friday)).toBe(seconds)
  })

  it('is told of by an agent that polls at times of the day only', async () => {
    const clock = createFakeClock()
    const sources = [at('* * * * *')]
    const health = createHealthRecord({ clock, sources: () => sources })
    await clock.advance(100)
    expect(health.read().live).toBe(true)
    await clock.advance(100)
    expect(health.read()).toMatchObject({ live: false, notes: ['no cycle has finished for 200 s'] })
  })
})

describe('the patience after a reload', () => {
  /** A health record of an agent that has just finished a cycle, and a way to give it other sources. */
  function polling(...first: readonly Source[]) {
    const clock = createFakeClock()
    let sources = first
    const health = createHealthRecord({ clock, sources: () => sources })
    health.cycleFinished()
    const reload = (...next: readonly Source[]): void => {
      sources = next
      health.reloaded()
    }
    return { clock, health, reload, live: () => health.read().live }
  }

  it('counts from the reload for sources that are polled more often than before', async () => {
    const { clock, health, reload, live } = polling(every(3600))
    await clock.advance(1800)
    reload(every(60))
    expect(live()).toBe(true)
    await clock.advance(180)
    expect(live()).toBe(true)
    await clock.advance(1)
    expect(health.read()).toMatchObject({ live: false, notes: ['no cycle has finished for 1981 s'] })
  })

  it('is that of the new sources when they are polled less often', async () => {
    const { clock, reload, live } = polling(every(60))
    await clock.advance(10)
    reload(every(3600))
    await clock.advance(3600)
    expect(live()).toBe(true)
  })

  it('does not begin anew with each of many reloads', async () => {
    const { clock, reload, live } = polling(every(60))
    for (const seconds of [60, 30, 60, 30, 60]) {
      await clock.advance(40)
      reload(every(seconds))
    }
    expect(live()).toBe(false)
  })

  it('does not make an agent well that hangs already, until it finishes a cycle', async () => {
    const { clock, health, reload, live } = polling(every(60))
    await clock.advance(181)
    reload(every(3600))
    expect(live()).toBe(false)
    health.cycleFinished()
    await clock.advance(3600)
    expect(live()).toBe(true)
  })
})
