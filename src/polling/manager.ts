import type { Schedule, Source } from '../config/options.js'
import type { Pollster } from '../pollster/pollster.js'
import type { Notifier } from '../publish/notifier.js'
import type { Clock, Instant } from '../schedule/clock.js'
import { runCycle, type CycleParts } from './cycle.js'
import type { DeltaMemory } from './delta-memory.js'
import type { PollingObserver } from './report.js'
import { layTracks, type Track, type Tracks } from './tracks.js'

export interface ManagerOptions extends CycleParts {
  readonly sources: readonly Source[]
  readonly pollsters: readonly Pollster[]
  /** Whether wildcards select computed meters. */
  readonly computedMeters: boolean
  readonly notifier: Notifier
  /** The host's name; gives the phase of its grid. */
  readonly host: string
  readonly observer: PollingObserver
}

/** Polls all sources, each on its schedule, one cycle at a time. */
export interface PollingManager {
  /**
   * Polls until `stop` is called or the signal aborts. Interval sources are polled at once, then on the host's grid.
   * Resolves when the last cycle is over: after `stop` it runs to its end, at the signal it is given up.
   */
  run(signal: AbortSignal): Promise<void>
  /** No further cycle begins. */
  stop(): void
  /**
   * Puts other sources in place of these, between two cycles. Schedules that were there keep their ticks, pairs of
   * source name and meter that were there keep what delta and rate meters remember.
   */
  reload(sources: readonly Source[]): void
}

export function createPollingManager(options: ManagerOptions): PollingManager {
  const nap = createNap(options.clock)
  let tracks: Tracks = new Map()
  let waiting: readonly Source[] | undefined = options.sources
  let stopped = false

  const stop = (): void => {
    stopped = true
    nap.end()
  }
  const applySources = (atOnce: boolean): void => {
    if (waiting === undefined) return
    tracks = layTracks(waiting, tracks, { ...options, atOnce })
    waiting = undefined
    forgetOthers(options.memory, tracks)
  }
  const ended = (): boolean => stopped

  return {
    async run(signal) {
      if (signal.aborted) stop()
      signal.addEventListener('abort', stop, { once: true })
      for (let first = true; !ended(); first = false) {
        applySources(first)
        const all = [...tracks.values()]
        const now = options.clock.now()
        await nap.until(Math.min(...all.map(({ ticks }) => ticks.nextLook(now))))
        if (!ended()) await pollDue(all, options, signal)
      }
      signal.removeEventListener('abort', stop)
    },
    stop,
    reload(sources) {
      waiting = sources
      nap.end()
    },
  }
}

/** A sleep that can be ended. */
function createNap(clock: Clock): { until(monotonicSeconds: number): Promise<void>; end(): void } {
  let awake = new AbortController()
  return {
    async until(monotonicSeconds) {
      awake = new AbortController()
      const { signal } = awake
      try {
        await clock.sleepUntil(monotonicSeconds, signal)
      } catch (thrown) {
        if (!signal.aborted) throw thrown
      }
    },
    end: () => {
      awake.abort()
    },
  }
}

/** What is no longer polled by a source of that name is not remembered for it. */
function forgetOthers(memory: DeltaMemory, tracks: Tracks): void {
  const kept = new Set(
    [...tracks.values()]
      .flatMap(({ assignments }) => assignments)
      .flatMap(({ source, pollsters }) => pollsters.map(({ meter }) => `${meter}\n${source.name}`)),
  )
  memory.keepPairs((source, meter) => kept.has(`${meter}\n${source}`))
}

/** Runs one cycle for the tracks that are due, if any. */
async function pollDue(
  tracks: readonly Track[],
  options: ManagerOptions,
  signal: AbortSignal,
): Promise<void> {
  const { clock, observer, notifier } = options
  const due = takeDue(tracks, clock.now(), observer)
  if (due.length === 0) return
  const assignments = due.flatMap((track) => track.assignments)
  observer.cycleFinished(await runCycle(options, { assignments, notifier }, signal))
  const now = clock.now()
  for (const { schedule, ticks } of due) tellMissed(observer, schedule, ticks.skip(now))
}

function takeDue(tracks: readonly Track[], now: Instant, observer: PollingObserver): readonly Track[] {
  return tracks.filter(({ schedule, ticks }) => {
    const { due, missed } = ticks.take(now)
    tellMissed(observer, schedule, missed)
    return due
  })
}

function tellMissed(observer: PollingObserver, schedule: Schedule, count: number): void {
  if (count > 0) observer.ticksMissed(schedule, count)
}
