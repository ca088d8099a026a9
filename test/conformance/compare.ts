import type { Fields, ReadSample } from './ceilometer.js'
import { allowedDifferences, misnamedMeters, type AllowedDifference } from './allowed-differences.js'

/** A field, or a whole sample, that is not the same on both sides. */
export interface Difference {
  /** By its right name. */
  readonly meter: string
  /** Which sample: its resource and, where that is not enough, the device. */
  readonly resource: string
  /** Of the field; empty when one side has no such sample. */
  readonly path: string
  /** JSON text of the field, or the volume of the sample; undefined where that side has none. */
  readonly original: string | undefined
  readonly virtpoll: string | undefined
}

/** What each side measured. The original polled between the two readings of virtpoll. */
export interface Readings {
  readonly before: readonly ReadSample[]
  readonly original: readonly ReadSample[]
  readonly after: readonly ReadSample[]
  /** UUIDs of instances whose guests run; the figures of all others must be equal, not only in between. */
  readonly moving: ReadonlySet<string>
}

export interface ComparedSample {
  readonly meter: string
  readonly instance: string
  /** Whether its volume was allowed to lie between two readings. */
  readonly moving: boolean
}

export interface Comparison {
  /** Samples of both sides that were held against each other. */
  readonly compared: readonly ComparedSample[]
  /** Those of `compared` with no difference but allowed ones. */
  readonly equal: readonly ComparedSample[]
  /** Differences that nothing allows. */
  readonly faults: readonly Difference[]
  /** Of how many samples each entry allowed a difference. */
  readonly allowed: ReadonlyMap<string, number>
}

const textOf = (fields: Fields, path: string): string => JSON.parse(fields[path] ?? '""') as string

export function meterOf({ fields }: ReadSample): string {
  const name = textOf(fields, 'counter_name')
  return misnamedMeters[name] ?? name
}

export const instanceOf = ({ fields }: ReadSample): string => textOf(fields, 'resource_metadata/instance_id')

/** Two vNICs behind one filter share a resource id, so the instance and the device's name count as well. */
const resourceOf = (sample: ReadSample): string =>
  ['resource_id', 'resource_metadata/instance_id', 'resource_metadata/name']
    .map((path) => textOf(sample.fields, path))
    .join(' ')

/** Samples by meter and resource. Throws when two are the same: then one of them would go unseen. */
export function bySubject(samples: readonly ReadSample[]): ReadonlyMap<string, ReadSample> {
  const found = new Map<string, ReadSample>()
  for (const sample of samples) {
    const key = `${meterOf(sample)} ${resourceOf(sample)}`
    if (found.has(key)) throw new Error(`two samples of ${key}`)
    found.set(key, sample)
  }
  return found
}

/** Holds every sample of both sides against its counterpart. */
export function compare(
  { before, original, after, moving }: Readings,
  table: readonly AllowedDifference[] = allowedDifferences,
): Comparison {
  const [earlier, theirs, ours] = [bySubject(before), bySubject(original), bySubject(after)]
  const compared: ComparedSample[] = []
  const equal: ComparedSample[] = []
  const faults: Difference[] = []
  const allowed = new Map<string, number>(table.map(({ id }) => [id, 0]))
  for (const key of new Set([...theirs.keys(), ...ours.keys()])) {
    const trio = { earlier: earlier.get(key), their: theirs.get(key), our: ours.get(key) }
    const differences = differencesOf(trio, moving)
    const entries = differences.map((difference) => table.find(({ allows }) => allows(difference)))
    for (const entry of new Set(entries)) if (entry) allowed.set(entry.id, (allowed.get(entry.id) ?? 0) + 1)
    const faulty = differences.filter((_, index) => entries[index] === undefined)
    faults.push(...faulty)
    if (trio.their === undefined || trio.our === undefined) continue
    const instance = instanceOf(trio.our)
    const sample = { meter: meterOf(trio.our), instance, moving: moves(trio.our, moving) }
    compared.push(sample)
    if (faulty.length === 0) equal.push(sample)
  }
  return { compared, equal, faults, allowed }
}

interface Trio {
  readonly earlier: ReadSample | undefined
  readonly their: ReadSample | undefined
  readonly our: ReadSample | undefined
}

const volumeOf = (sample: ReadSample | undefined): string | undefined => sample?.fields['counter_volume']

function differencesOf(trio: Trio, moving: ReadonlySet<string>): Difference[] {
  const { their, our } = trio
  const present = our ?? their
  if (present === undefined) return []
  const about = { meter: meterOf(present), resource: resourceOf(present) }
  if (their === undefined || our === undefined)
    return [{ ...about, path: '', original: volumeOf(their), virtpoll: volumeOf(our) }]
  const paths = new Set([...Object.keys(their.fields), ...Object.keys(our.fields)])
  return [...paths].flatMap((path) => {
    const [original, virtpoll] = [their.fields[path], our.fields[path]]
    const same =
      path === 'counter_volume' && moves(our, moving) ? hasMovedThrough(trio, moving) : original === virtpoll
    return same ? [] : [{ ...about, path, original, virtpoll }]
  })
}

/** Of the QEMU process and not of the guest: answering our own questions makes it grow. */
const hostFigure = 'memory.resident'

const moves = (sample: ReadSample, moving: ReadonlySet<string>): boolean =>
  moving.has(instanceOf(sample)) || meterOf(sample) === hostFigure

/** A share of the reading: gauges of a running guest rise and fall between two looks, a counter can only rise. */
const slackOf: Readonly<Record<string, number>> = { 'memory.usage': 0.05, [hostFigure]: 0.05 }

function hasMovedThrough({ earlier, their, our }: Trio, moving: ReadonlySet<string>): boolean {
  const slack = our && moving.has(instanceOf(our)) ? slackOf[meterOf(our)] : undefined
  return isBetween(volumeOf(their), [volumeOf(earlier) ?? volumeOf(our), volumeOf(our)], slack)
}

const isInteger = (text: string): boolean => /^-?\d+$/.test(text)

/**
 * Whether a figure is of the same kind as two readings and not outside them, but for `slack`, a share of the reading.
 * All three are JSON texts.
 */
export function isBetween(
  figure: string | undefined,
  [one, other]: readonly [string | undefined, string | undefined],
  slack = 0,
): boolean {
  if (figure === undefined || one === undefined || other === undefined) return false
  if (isInteger(figure) !== isInteger(one) || isInteger(figure) !== isInteger(other)) return false
  if (isInteger(figure)) return isOrdered([BigInt(one), BigInt(figure), BigInt(other)])
  const [low, high] = [Math.min(Number(one), Number(other)), Math.max(Number(one), Number(other))]
  return isOrdered([low * (1 - slack), Number(figure), high * (1 + slack)])
}

function isOrdered<T extends bigint | number>([one, middle, other]: readonly [T, T, T]): boolean {
  return (one <= middle && middle <= other) || (other <= middle && middle <= one)
}
