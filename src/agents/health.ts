import type { Health } from '../observe/status-server.js'
import type { Clock } from '../schedule/clock.js'

/** Collects what decides whether the agent is well. */
export interface HealthRecord {
  cycleFinished(): void
  /** `what` counts as away until it is said to be back. */
  awaits(what: string): void
  /** `what` is away (a sentence for a person), or back. */
  away(what: string, why: string): void
  back(what: string): void
  read(): Health
}

export interface HealthOptions {
  readonly clock: Clock
  /** Seconds without a finished cycle after which the agent counts as hanging. */
  readonly patienceSeconds: () => number
}

/** Live: a cycle finished recently, well or not. Ready: libvirt and every destination were there when last asked. */
export function createHealthRecord({ clock, patienceSeconds }: HealthOptions): HealthRecord {
  const missing = new Map<string, string>()
  let lastCycle = clock.now().monotonicSeconds
  return {
    cycleFinished() {
      lastCycle = clock.now().monotonicSeconds
    },
    awaits: (what) => void missing.set(what, 'not tried yet'),
    away: (what, why) => void missing.set(what, why),
    back: (what) => void missing.delete(what),
    read() {
      const idle = clock.now().monotonicSeconds - lastCycle
      const live = idle <= patienceSeconds()
      const notes = [...missing].map(([what, why]) => `${what}: ${why}`)
      if (!live) notes.unshift(`no cycle has finished for ${Math.round(idle)} s`)
      return { live, ready: missing.size === 0, notes }
    },
  }
}
