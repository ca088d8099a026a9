import type { Schedule } from '../config/options.js'
import type { Fault, Resource, Skipped } from '../discovery/discovery.js'
import type { AbsenceReason } from '../inspector/inspector.js'
import type { Missing, Pollster } from '../pollster/pollster.js'
import type { Sample } from '../sample/sample.js'
import type { Instant } from '../schedule/clock.js'

/**
 * Why an expected sample was not made: what a pollster said, or `failed` (the pollster is at fault), `unreachable`
 * (the cycle was lost, see its error) or `stopped` (the process is ending).
 */
export type MissingReason = AbsenceReason | 'failed' | 'unreachable' | 'stopped'

/** The ledger of a cycle: expected = produced + Σ missing, and what breaks that is said. */
export interface LedgerFigures {
  /** Samples that the XML of the domains and the selected meters promise; decided before statistics are read. */
  readonly expected: number
  /** Samples handed to the outbox. */
  readonly produced: number
  readonly missing: Readonly<Partial<Record<MissingReason, number>>>
  /** Samples too few or too many that a pollster gave without a word. 0, or a pollster file is wrong. */
  readonly unaccounted: number
}

/** How one pollster did in one cycle. */
export interface PollsterReport {
  readonly meter: string
  /** Resources it was asked about. */
  readonly resources: number
  /** Resources for which it threw, gave nonsense, too little or too much, or ran out of time. */
  readonly failures: number
  /** The first of its failures. */
  readonly error: Error | undefined
}

export interface CycleReport extends LedgerFigures {
  readonly startedAt: Instant
  readonly finishedAt: Instant
  /** Discovery to the last sample handed to the outbox. */
  readonly seconds: number
  /** Those that were due. */
  readonly schedules: readonly Schedule[]
  /** Instances found and looked at. */
  readonly instances: number
  readonly notifications: number
  /** Resources that exist and were not polled. */
  readonly skipped: readonly Skipped[]
  /** Parts of what is known of resources that cannot be used. */
  readonly faults: readonly Fault[]
  /** libvirt calls made. */
  readonly calls: number
  readonly pollsters: readonly PollsterReport[]
  /** Set when the cycle, or one of its discoveries, was lost; the samples it has are delivered all the same. */
  readonly error: Error | undefined
}

/** Sees each figure go by; for a person who watches one poll. */
export interface Witness {
  sample(sample: Sample, resource: Resource): void
  missing(missing: Missing | FailedFigure, resource: Resource, pollster: Pollster): void
}

/** A figure lost because its pollster is at fault. */
export interface FailedFigure {
  readonly reason: 'failed'
  readonly detail: string
}

/** Told what happens; for logs and metrics. Must not throw. */
export interface PollingObserver {
  cycleFinished(report: CycleReport): void
  /** Ticks of a schedule passed while its own cycle ran, or while the process was held up. */
  ticksMissed(schedule: Schedule, count: number): void
}
