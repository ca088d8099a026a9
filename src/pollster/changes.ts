import type { Absence, DiskStats, DomainLook, VnicStats } from '../inspector/inspector.js'
import { subtract, type Volume } from '../sample/volume.js'
import { meterOf, type MeterFields } from './meters.js'
import { eachDisk, eachVnic, theInstance, type Part, type PartKind } from './parts.js'
import type { Memory, Pollster, Remembered } from './pollster.js'

/** A row whose figure is the change of a counter since the look before. */
export interface DeltaRow<S> extends Omit<MeterFields, 'number' | 'computed'> {
  counter(stats: S): Volume | undefined
}

/** A row whose figure is worked out from how far counters moved between two looks, and in which time. */
export interface RateRow<S> extends Omit<MeterFields, 'number' | 'whenStopped'> {
  /** The counters; when one is undefined there is no figure, and the bases of the others are kept. */
  counters(stats: S): readonly (Volume | undefined)[]
  /** From the moves of the counters (never negative), and the measured seconds between the looks (never zero). */
  volume(moves: readonly number[], seconds: number, look: DomainLook): number | undefined
  /**
   * What must be the same in both looks for their counters to be comparable, besides the domain's run; default
   * nothing. For example the number of vCPUs a sum goes over.
   */
  basis?(look: DomainLook): string | number | undefined
}

const firstLook: Absence = {
  reason: 'needs-two-looks',
  detail:
    'a rate needs an earlier look of the same source at the same run of the domain (poll-once: --over SECONDS)',
}

/**
 * The change of a vNIC's counter since the look before: an int of type delta. 0 at first sight; after a reset (a new
 * run of the domain, a replaced device, a smaller figure) the new figure, which is what was counted since.
 */
export function vnicDelta(row: DeltaRow<VnicStats>): Pollster {
  return meterOf(eachVnic, { ...row, number: 'int', type: 'delta' }, (vnic, { look, part, memory }) => {
    const counter = row.counter(vnic)
    if (counter === undefined) return undefined
    const now: Remembered = { volume: counter, takenAt: look.takenAt, epoch: run(look, part) }
    const before = memory.recall(part.key)
    memory.remember(part.key, now)
    if (before === undefined) return 0
    return isReset(before, now) ? counter : subtract(counter, before.volume)
  })
}

/** A rate for each instance; a float gauge. Missing as `needs-two-looks` at first sight and after a reset. */
export function instanceRate(row: RateRow<DomainLook>): Pollster {
  return rateOf(theInstance, row)
}

/** A rate for each disk that has a source. */
export function diskRate(row: RateRow<DiskStats>): Pollster {
  return rateOf(eachDisk, row)
}

/** A rate for each vNIC. */
export function vnicRate(row: RateRow<VnicStats>): Pollster {
  return rateOf(eachVnic, row)
}

function rateOf<S>(kind: PartKind<S>, row: RateRow<S>): Pollster {
  return meterOf(kind, { ...row, number: 'float', type: 'gauge' }, (stats, { look, part, memory }) => {
    const counters = complete(row.counters(stats))
    if (counters === undefined) return undefined
    const epoch = `${run(look, part)} ${row.basis?.(look) ?? ''}`
    const moves = complete(
      counters.map((volume, index) =>
        move(memory, `${part.key} ${index}`, { volume, takenAt: look.takenAt, epoch }),
      ),
    )
    if (moves === undefined) return firstLook
    const seconds = Math.min(...moves.map((moved) => moved.seconds))
    return row.volume(
      moves.map((moved) => moved.by),
      seconds,
      look,
    )
  })
}

/** How far a counter moved since it was last remembered; undefined when the two figures cannot be compared. */
function move(memory: Memory, key: string, now: Remembered): { by: number; seconds: number } | undefined {
  const before = memory.recall(key)
  memory.remember(key, now)
  if (before === undefined || isReset(before, now)) return undefined
  const seconds = now.takenAt.monotonicSeconds - before.takenAt.monotonicSeconds
  return seconds > 0 ? { by: Number(subtract(now.volume, before.volume)), seconds } : undefined
}

function isReset(before: Remembered, now: Remembered): boolean {
  return before.epoch !== now.epoch || now.volume < before.volume
}

function run<S>(look: DomainLook, part: Part<S>): string {
  return `${look.epoch} ${part.generation}`
}

/** The values, if none of them is undefined. */
function complete<T>(values: readonly (T | undefined)[]): readonly T[] | undefined {
  const found = values.filter((value) => value !== undefined)
  return found.length === values.length ? found : undefined
}
