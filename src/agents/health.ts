import type { Health } from '../observe/status-server.js'
import type { Source } from '../config/options.js'
import type { Clock, Instant } from '../schedule/clock.js'
import { secondsOfCronTicks } from '../schedule/ticks.js'

/** Collects what decides whether the agent is well. */
export interface HealthRecord {
  cycleFinished(): void
  /** The sources are others from now on. */
  reloaded(): void
  /** `what` counts as away until it is said to be back. */
  awaits(what: string): void
  /** `what` is away (a sentence for a person), or back. */
  away(what: string, why: string): void
  back(what: string): void
  read(): Health
}

export interface HealthOptions {
  readonly clock: Clock
  /** Those that are polled now; see `patienceSeconds`. */
  readonly sources: () => readonly Source[]
}

/** A cycle may be late by as many ticks. */
const ticksOfPatience = 3
const leastPatienceSeconds = 60

/**
 * Seconds after the last cycle, or the start, at which an agent that has finished no other counts as hanging: what three
 * ticks of the most frequent source take from then on, and never less than a minute.
 */
export function patienceSeconds(sources: readonly Source[], since: Instant): number {
  const patiences = sources.map(({ schedule }) =>
    schedule.kind === 'interval'
      ? ticksOfPatience * schedule.seconds
      : secondsOfCronTicks(schedule, ticksOfPatience, since),
  )
  return Math.max(leastPatienceSeconds, Math.min(...patiences))
}

/**
 * Live: a cycle finished recently, well or not; how recently depends on the sources, and after a reload counts from
 * there. Ready: libvirt and every destination were there when last asked.
 */
export function createHealthRecord({ clock, sources }: HealthOptions): HealthRecord {
  const missing = new Map<string, string>()
  const patienceEnd = (since: Instant): number => since.monotonicSeconds + patienceSeconds(sources(), since)
  let lastCycle = clock.now()
  /** Monotonic second up to which no further cycle need have finished. */
  let patientUntil = patienceEnd(lastCycle)
  /** The latest that reloads may move it to, so that a loop that hangs is told of however often they come. */
  let latest = patientUntil
  const isLive = (): boolean => clock.now().monotonicSeconds <= patientUntil
  return {
    cycleFinished() {
      lastCycle = clock.now()
      latest = patientUntil = patienceEnd(lastCycle)
    },
    reloaded() {
      if (!isLive()) return
      latest = Math.max(latest, patienceEnd(lastCycle))
      patientUntil = Math.min(latest, patienceEnd(clock.now()))
    },
    awaits: (what) => void missing.set(what, 'not tried yet'),
    away: (what, why) => void missing.set(what, why),
    back: (what) => void missing.delete(what),
    read() {
      const idle = clock.now().monotonicSeconds - lastCycle.monotonicSeconds
      const live = isLive()
      const notes = [...missing].map(([what, why]) => `${what}: ${why}`)
      if (!live) notes.unshift(`no cycle has finished for ${Math.round(idle)} s`)
      return { live, ready: missing.size === 0, notes }
    },
  }
}
