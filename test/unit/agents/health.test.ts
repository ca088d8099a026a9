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
