import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Instant } from '../../../src/schedule/clock.js'
import { cronTicks, intervalTicks, phaseOf, type Ticks } from '../../../src/schedule/ticks.js'

const instant = (monotonicSeconds: number, wallMs = 0): Instant => ({ wallMs, monotonicSeconds })

const grid = (fields: Partial<Parameters<typeof intervalTicks>[0]> = {}): Ticks =>
  intervalTicks({ seconds: 10, phase: 3, atOnce: false, now: instant(100), ...fields })

describe('interval ticks', () => {
  it('come on a grid with the phase of the host', () => {
    const ticks = grid()
    expect(ticks.nextLook(instant(100))).toBe(103)
    expect(ticks.take(instant(102.9))).toEqual({ due: false, missed: 0 })
    expect(ticks.take(instant(103))).toEqual({ due: true, missed: 0 })
    expect(ticks.take(instant(103.1))).toEqual({ due: false, missed: 0 })
    expect(ticks.nextLook(instant(103.1))).toBe(113)
  })

  it('stay on the grid when they are taken late', () => {
    const ticks = grid()
    ticks.take(instant(109.9))
    expect(ticks.nextLook(instant(109.9))).toBe(113)
  })

  it('are one and not many after a minute of silence, and the others count as missed', () => {
    const ticks = grid()
    expect(ticks.take(instant(163.5))).toEqual({ due: true, missed: 6 })
    expect(ticks.nextLook(instant(163.5))).toBe(173)
  })

  it('are missed when they pass during their own work', () => {
    const ticks = grid()
    ticks.take(instant(103))
    expect(ticks.skip(instant(124))).toBe(2)
    expect(ticks.take(instant(124))).toEqual({ due: false, missed: 0 })
    expect(ticks.nextLook(instant(124))).toBe(133)
  })

  it('begin at once when asked to, and what passes during that first work is late', () => {
    const ticks = grid({ atOnce: true })
    expect(ticks.nextLook(instant(100))).toBe(100)
    expect(ticks.take(instant(100))).toEqual({ due: true, missed: 0 })
    expect(ticks.skip(instant(104))).toBe(0)
    expect(ticks.take(instant(104))).toEqual({ due: true, missed: 0 })
    expect(ticks.skip(instant(114))).toBe(1)
  })

  it('leave out a tick of the grid that comes right after the one at the start', () => {
    const ticks = grid({ atOnce: true, now: instant(102.5) })
    ticks.take(instant(102.5))
    expect(ticks.nextLook(instant(102.6))).toBe(113)
    expect(ticks.take(instant(103.5))).toEqual({ due: false, missed: 0 })
    expect(ticks.take(instant(113))).toEqual({ due: true, missed: 0 })
  })

  it.each([
    [0.3, 419, 1118.6],
    [0.7, 499, 1131.8],
  ])('of %d s and phase %d are taken once at %d s, though the quotient is rounded', (seconds, phase, at) => {
    const ticks = grid({ seconds, phase })
    expect(ticks.take(instant(at)).due).toBe(true)
    expect(ticks.nextLook(instant(at))).toBeGreaterThan(at)
    expect(ticks.take(instant(at)).due).toBe(false)
  })

  it('do not care about the wall clock', () => {
    const ticks = grid()
    expect(ticks.take(instant(101, Date.UTC(2040, 0)))).toEqual({ due: false, missed: 0 })
    expect(ticks.take(instant(103, 0))).toEqual({ due: true, missed: 0 })
  })

  it('are shared by intervals that divide one another', () => {
    const phase = phaseOf('compute-1')
    const every = (seconds: number) => grid({ seconds, phase }).nextLook(instant(100))
    expect((every(300) - every(60)) % 60).toBeCloseTo(0)
    expect((every(60) - every(5)) % 5).toBeCloseTo(0)
  })

  it('differ from host to host', () => {
    const phases = Array.from({ length: 100 }, (_, host) => phaseOf(`compute-${host}`) % 300)
    expect(new Set(phases).size).toBeGreaterThan(60)
  })

  it('account for every point of the grid once, whatever the interval and whenever one looks', () => {
    const steps = fc.array(fc.double({ min: 0, max: 40, noNaN: true }), { maxLength: 30 })
    const seconds = fc.double({ min: 0.1, max: 100, noNaN: true })
    fc.assert(
      fc.property(seconds, steps, (interval, waits) => {
        const start = instant(1000)
        const ticks = grid({ seconds: interval, now: start })
        const first = ticks.nextLook(start)
        let now = 1000
        let counted = 0
        for (const wait of waits) {
          now += wait
          const { due, missed } = ticks.take(instant(now))
          counted += missed + (due ? 1 : 0)
        }
        const next = ticks.nextLook(instant(now))
        expect(next).toBeGreaterThan(now)
        expect(Math.round((next - first) / interval)).toBe(counted)
      }),
    )
  })

  it('never ask to look again at a time that is over', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.05, max: 7, noNaN: true }), fc.nat(10_000), (interval, phase) => {
        const ticks = grid({ seconds: interval, phase, now: instant(0) })
        for (let look = 0, now = 0; look < 40; look += 1) {
          const next = ticks.nextLook(instant(now))
          expect(next).toBeGreaterThan(now)
          now = next
          expect(ticks.take(instant(now))).toEqual({ due: true, missed: 0 })
        }
      }),
    )
  })
})

describe('cron ticks', () => {
  const noon = Date.UTC(2026, 5, 1, 12)
  const minutes = (count: number) => count * 60_000

  it('come when the expression says', () => {
    const ticks = cronTicks('*/10 * * * *', 'UTC', instant(0, noon))
    expect(ticks.take(instant(0, noon))).toEqual({ due: false, missed: 0 })
    expect(ticks.take(instant(599.9, noon + minutes(10) - 100))).toEqual({ due: false, missed: 0 })
    expect(ticks.take(instant(600, noon + minutes(10)))).toEqual({ due: true, missed: 0 })
    expect(ticks.take(instant(600.1, noon + minutes(10) + 100))).toEqual({ due: false, missed: 0 })
  })

  it('go by the time zone', () => {
    const ticks = cronTicks('0 15 * * *', 'Europe/Berlin', instant(0, noon))
    expect(ticks.take(instant(0, Date.UTC(2026, 5, 1, 12, 59))).due).toBe(false)
    expect(ticks.take(instant(0, Date.UTC(2026, 5, 1, 13))).due).toBe(true)
  })

  it('ask to look again when they are due, and at least every fifteen seconds', () => {
    const ticks = cronTicks('* * * * *', 'UTC', instant(50, noon))
    expect(ticks.nextLook(instant(50, noon))).toBe(65)
    expect(ticks.nextLook(instant(105, noon + 55_000))).toBe(110)
  })

  it('are missed when they pass during their own work', () => {
    const ticks = cronTicks('* * * * *', 'UTC', instant(0, noon))
    expect(ticks.skip(instant(0, noon + minutes(3)))).toBe(3)
    expect(ticks.take(instant(0, noon + minutes(3)))).toEqual({ due: false, missed: 0 })
  })

  it('make no burst when the clock is set forward', () => {
    const ticks = cronTicks('* * * * *', 'UTC', instant(0, noon))
    const year = Date.UTC(2027, 5, 1, 12, 0, 30)
    expect(ticks.take(instant(1, year))).toEqual({ due: true, missed: 99 })
    expect(ticks.take(instant(1.1, year + 100))).toEqual({ due: false, missed: 0 })
    expect(ticks.take(instant(31, year + 30_000))).toEqual({ due: true, missed: 0 })
  })

  it('make no silence when the clock is set back', () => {
    const ticks = cronTicks('* * * * *', 'UTC', instant(0, noon))
    ticks.take(instant(60, noon + minutes(1)))
    const back = noon - minutes(600)
    expect(ticks.take(instant(61, back + 30_000))).toEqual({ due: false, missed: 0 })
    expect(ticks.take(instant(91, back + 60_000))).toEqual({ due: true, missed: 0 })
  })

  it('do not come twice when the clock is corrected by a moment', () => {
    const ticks = cronTicks('* * * * *', 'UTC', instant(0, noon))
    expect(ticks.take(instant(60, noon + minutes(1))).due).toBe(true)
    expect(ticks.take(instant(60.1, noon + minutes(1) - 50)).due).toBe(false)
    expect(ticks.take(instant(60.2, noon + minutes(1) + 50)).due).toBe(false)
    expect(ticks.take(instant(120, noon + minutes(2))).due).toBe(true)
  })

  it.each([
    ['every ten minutes', '*/10 * * * *', 600_000],
    ['every half minute', '*/30 * * * * *', 30_000],
  ])('go on %s, through both changes of summer time', (_name, expression, stepMs) => {
    for (const change of [Date.UTC(2026, 2, 29, 1), Date.UTC(2026, 9, 25, 1)]) {
      const start = change - 3_600_000
      const ticks = cronTicks(expression, 'Europe/Berlin', instant(0, start))
      for (let ms = start + stepMs; ms <= change + 3_600_000; ms += stepMs)
        expect(ticks.take(instant(0, ms)), new Date(ms).toISOString()).toEqual({ due: true, missed: 0 })
    }
  })

  it('never ask for a time that is over, where summer time is half an hour', () => {
    const end = Date.UTC(2026, 3, 4, 15)
    for (let ms = end - 3_600_000; ms < end + 3_600_000; ms += 61_000) {
      const ticks = cronTicks('*/10 * * * *', 'Australia/Lord_Howe', instant(0, ms))
      expect(ticks.take(instant(0, ms)), new Date(ms).toISOString()).toEqual({ due: false, missed: 0 })
    }
  })

  it('throw for an expression that is none', () => {
    expect(() => cronTicks('every day', 'UTC', instant(0, noon))).toThrow()
  })
})
