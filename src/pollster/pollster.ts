import type { Instance, Resource } from '../discovery/discovery.js'
import type { Absence, Inspected, DomainLook, StatsGroup } from '../inspector/inspector.js'
import type { Metadata, MeterType } from '../sample/sample.js'
import type { NumberKind, Volume } from '../sample/volume.js'
import type { Instant } from '../schedule/clock.js'

/** A figure that the agent turns into a sample. A plugin never fills in ids, owners or signatures. */
export interface Reading {
  /** Finite; a bigint or an integral number for an `int` meter. */
  readonly volume: Volume
  /** The part of the resource it belongs to, for example `<uuid>-vda`; default the resource's id. */
  readonly resourceId?: string
  /** Added to the resource's metadata, over it. */
  readonly metadata?: Metadata
  /** When it was read; default the look's time, else the time of the poll. */
  readonly takenAt?: Instant
}

/** A figure that ought to exist and does not. `resourceId` as in a reading. */
export interface Missing extends Absence {
  readonly resourceId?: string
}

export type Outcome = Reading | Missing

/** What a pollster remembered in an earlier cycle of the same source. */
export interface Remembered {
  readonly volume: Volume
  readonly takenAt: Instant
  /** The run of the domain it was read in; see DomainLook.epoch. */
  readonly epoch: string
}

/**
 * Memory for delta and rate meters: one for each source, pollster and resource, so that two sources never consume
 * each other's differences. A key that a poll does not remember again is forgotten, unless that poll also missed a
 * figure: a figure missing for one cycle does not cost the base of the next difference. All of it is forgotten when
 * the resource is gone.
 */
export interface Memory {
  recall(key: string): Remembered | undefined
  remember(key: string, value: Remembered): void
}

export interface PollsterLog {
  debug(fields: object, message: string): void
  warn(fields: object, message: string): void
}

/** What the agent hands a pollster for one resource in one cycle; nothing else is reachable. */
export interface PollContext {
  /** The look at the resource's domain; taken once a cycle for the union of what all pollsters need. */
  readonly look: Inspected<DomainLook>
  readonly memory: Memory
  /** For whatever else is dear and shared: works a thing out at most once a cycle, a failure included. */
  readonly once: <T>(key: string, produce: () => Promise<T>) => Promise<T>
  readonly now: Instant
  readonly log: PollsterLog
  /** Aborts when the cycle is given up. */
  readonly signal: AbortSignal
}

/** One meter. Its name is also the pollster's name, as in polling.yaml. */
export interface Pollster<R extends Resource = Instance> {
  /** Dot-separated words, for example `memory.resident`. */
  readonly meter: string
  /** May be empty. */
  readonly unit: string
  readonly type: MeterType
  readonly number: NumberKind
  /** One sentence for `virtpoll meters`. */
  readonly description: string
  /** Statistics groups whose figures it reads. */
  readonly needs: readonly StatsGroup[]
  /** The discovery that gives its resources when a source names none; default `local_instances`. */
  readonly discovery?: string
  /** True for meters that the original lists but never computes; `*` does not select these. */
  readonly computed?: boolean
  /** What it makes one sample of. Decides how many samples are expected before anything is read. */
  readonly per: 'instance' | 'disk' | 'vnic' | 'resource'
  poll(resource: R, context: PollContext): readonly Outcome[] | Promise<readonly Outcome[]>
}

/** What a pollster file gives. */
export interface PollsterModule {
  readonly apiVersion: 1
  readonly pollsters: readonly Pollster[]
}
