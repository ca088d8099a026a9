import type { Schedule, Source } from '../config/options.js'
import type { Pollster } from '../pollster/pollster.js'
import type { Clock } from '../schedule/clock.js'
import { cronTicks, intervalTicks, phaseOf, type Ticks } from '../schedule/ticks.js'
import { assign, scheduleKey, type Assignment } from './plan.js'

/** The sources that share a schedule. */
export interface Track {
  readonly schedule: Schedule
  readonly ticks: Ticks
  readonly assignments: readonly Assignment[]
}

/** By schedule. */
export type Tracks = ReadonlyMap<string, Track>

export interface TrackOptions {
  readonly clock: Clock
  /** The host's name; gives the phase of its grid. */
  readonly host: string
  readonly pollsters: readonly Pollster[]
  /** Whether wildcards select computed meters. */
  readonly computedMeters: boolean
  /** Whether new interval schedules have a tick at once. */
  readonly atOnce: boolean
}

/** Sorts sources by schedule. A schedule that was there before keeps its ticks. */
export function layTracks(sources: readonly Source[], before: Tracks, options: TrackOptions): Tracks {
  const tracks = new Map<string, Track>()
  for (const assignment of assign(sources, options.pollsters, options.computedMeters)) {
    const { schedule } = assignment.source
    const key = scheduleKey(schedule)
    const ticks = tracks.get(key)?.ticks ?? before.get(key)?.ticks ?? ticksOf(schedule, options)
    tracks.set(key, { schedule, ticks, assignments: [...(tracks.get(key)?.assignments ?? []), assignment] })
  }
  return tracks
}

function ticksOf(schedule: Schedule, { clock, host, atOnce }: TrackOptions): Ticks {
  const now = clock.now()
  return schedule.kind === 'cron'
    ? cronTicks(schedule.expression, schedule.timeZone, now)
    : intervalTicks({ seconds: schedule.seconds, phase: phaseOf(host), atOnce, now })
}
