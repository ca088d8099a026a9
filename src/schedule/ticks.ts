import { createHash } from 'node:crypto'
import { CronTime } from 'cron'
import type { Instant } from './clock.js'

/** When something is due, and what it missed. Computed from the clock each time: there is no timer in it. */
export interface Ticks {
  /** Whether a tick is due now. Takes it, and counts as missed those that passed before it and were not taken. */
  take(now: Instant): Taken
  /** Gives up what has come due by now and says how much that was: the ticks that passed while their own work ran. */
  skip(now: Instant): number
  /** The monotonic second at which to look again; at the latest a little before it matters. */
  nextLook(now: Instant): number
}

export interface Taken {
  readonly due: boolean
  readonly missed: number
}

export interface IntervalOptions {
  readonly seconds: number
  /**
   * Seconds by which the grid is shifted, the same for all intervals of a host: intervals that divide one another
   * share their ticks, and hosts started together do not poll together. See `phaseOf`.
   */
  readonly phase: number
  /** Makes one tick due at once, before the grid. Ticks that pass while that first work runs are late, not missed. */
  readonly atOnce: boolean
  readonly now: Instant
}

/** Seconds, up to a year, that a host's grid is shifted by: a hash of its name. */
export function phaseOf(host: string): number {
  return createHash('sha256').update(host).digest().readUInt32BE(0) % (365 * 24 * 3600)
}

/**
 * The first tick of the grid is left out when it comes this soon after the tick at the start, as a part of the
 * interval: two looks a moment apart make wild rates, and nobody misses the second.
 */
const leastGap = 0.1

/** Ticks on a grid of the monotonic clock: setting the wall clock makes no burst and no silence. */
export function intervalTicks({ seconds, phase, atOnce, now }: IntervalOptions): Ticks {
  const offset = phase % seconds
  const at = (tick: number): number => offset + tick * seconds
  /** The newest tick that is not to come. The quotient is one off where it was rounded. */
  const passedBy = ({ monotonicSeconds }: Instant): number => {
    const tick = Math.floor((monotonicSeconds - offset) / seconds)
    if (at(tick + 1) <= monotonicSeconds) return tick + 1
    return at(tick) > monotonicSeconds ? tick - 1 : tick
  }
  let start: 'to come' | 'running' | 'over' = atOnce ? 'to come' : 'over'
  let last = passedBy(now)

  /** Moves on to the newest tick and says how many that were; by the times themselves, which rounding cannot split. */
  const pass = (instant: Instant): number => {
    if (instant.monotonicSeconds < at(last + 1)) return 0
    const before = last
    last = Math.max(last + 1, passedBy(instant))
    return last - before
  }
  return {
    take(instant) {
      const passed = pass(instant)
      if (start === 'to come') {
        start = 'running'
        last = Math.max(last, Math.floor((instant.monotonicSeconds - offset) / seconds + leastGap))
        return { due: true, missed: 0 }
      }
      start = 'over'
      return { due: passed > 0, missed: Math.max(0, passed - 1) }
    },
    skip(instant) {
      if (start === 'running') return 0
      return pass(instant)
    },
    nextLook: (instant) => (start === 'to come' ? instant.monotonicSeconds : at(last + 1)),
  }
}

/** How often the wall clock is looked at while a cron tick is waited for, seconds: it may have been set meanwhile. */
const wallLookSeconds = 15

/** A wall clock set back by less, ms, is a correction: what was done is not done again. */
const correctionMs = 60_000

/**
 * Most missed cron ticks that are counted at a time: each takes more than a millisecond to work out, and a clock set
 * forward by years has no end of them.
 */
const mostCounted = 100

/**
 * Ticks by the wall clock in a time zone. When the clock is set forward, what lies between is missed but for one
 * tick; when it is set back by a minute or more, the times that come again are due again. A time that summer time
 * leaves out moves to the hour after it.
 */
export function cronTicks(expression: string, timeZone: string, now: Instant): Ticks {
  const nextAfter = cronTable(expression, timeZone)
  let next = nextAfter(now.wallMs)
  let seen = now.wallMs

  const pass = ({ wallMs }: Instant): number => {
    if (wallMs < seen - correctionMs) next = nextAfter(wallMs)
    seen = wallMs < seen && wallMs >= seen - correctionMs ? seen : wallMs
    let passed = 0
    while (next <= wallMs && passed < mostCounted) {
      passed += 1
      next = nextAfter(next)
    }
    if (next <= wallMs) next = nextAfter(wallMs)
    return passed
  }
  return {
    take(instant) {
      const passed = pass(instant)
      return { due: passed > 0, missed: Math.max(0, passed - 1) }
    },
    skip: pass,
    nextLook: ({ wallMs, monotonicSeconds }) =>
      monotonicSeconds + Math.min(Math.max((next - wallMs) / 1000, 0), wallLookSeconds),
  }
}

/** Seconds of the wall clock from an instant to the `count`th tick of a cron expression after it. */
export function secondsOfCronTicks(
  { expression, timeZone }: { readonly expression: string; readonly timeZone: string },
  count: number,
  from: Instant,
): number {
  const nextAfter = cronTable(expression, timeZone)
  let tickMs = from.wallMs
  for (let tick = 0; tick < count; tick += 1) tickMs = nextAfter(tickMs)
  return (tickMs - from.wallMs) / 1000
}

/** The next time of a cron expression after a given one, both in ms since the epoch. Throws for an expression that has none. */
function cronTable(expression: string, timeZone: string): (afterMs: number) => number {
  const table = new CronTime(expression, timeZone)
  return (afterMs) => {
    const next = table.getNextDateFrom(new Date(afterMs), timeZone).toMillis()
    // At the end of a summer time of half an hour (Lord Howe) CronTime can give a time that is over.
    return next > afterMs ? next : table.getNextDateFrom(new Date(afterMs + 1_800_000), timeZone).toMillis()
  }
}
