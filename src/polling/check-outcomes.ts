import { PollsterError } from '../errors.js'
import type { AbsenceReason } from '../inspector/inspector.js'
import type { Missing, Outcome, Pollster, Reading } from '../pollster/pollster.js'

/** What a pollster gave, sorted. */
export interface Answer {
  readonly readings: readonly Reading[]
  readonly missing: readonly Missing[]
  /** Outcomes that are nonsense, and why. */
  readonly nonsense: readonly PollsterError[]
}

const reasons: Readonly<Record<AbsenceReason, true>> = {
  'not-found': true,
  'shut-off': true,
  'no-data': true,
  unsupported: true,
  stuck: true,
  'needs-two-looks': true,
  'migrating-in': true,
}

/** Sorts what a pollster gave. Throws a PollsterError when it is not a list at all. */
export function checkOutcomes(pollster: Pollster, given: unknown): Answer {
  if (!Array.isArray(given)) throw nonsense(pollster, `gave ${typeof given} where a list is due`)
  const answer = { readings: [] as Reading[], missing: [] as Missing[], nonsense: [] as PollsterError[] }
  for (const outcome of given as readonly Outcome[]) {
    const fault = faultOf(pollster, outcome)
    if (fault !== undefined) answer.nonsense.push(nonsense(pollster, fault))
    else if ('volume' in outcome) answer.readings.push(outcome)
    else answer.missing.push(outcome)
  }
  return answer
}

function nonsense({ meter }: Pollster, fault: string): PollsterError {
  return new PollsterError('POLLSTER_FAILED', `the pollster of ${meter} ${fault}`, { details: { meter } })
}

function faultOf(pollster: Pollster, outcome: unknown): string | undefined {
  if (!isObject(outcome)) return `gave ${String(outcome)} where a reading is due`
  const { resourceId } = outcome
  if (resourceId !== undefined && (typeof resourceId !== 'string' || resourceId === ''))
    return 'gave a resourceId that is not a text'
  return 'volume' in outcome ? faultOfReading(pollster, outcome) : faultOfMissing(outcome)
}

function faultOfReading(
  { number }: Pollster,
  { volume, metadata, takenAt }: Record<string, unknown>,
): string | undefined {
  if (number === 'int' && typeof volume !== 'bigint' && !Number.isSafeInteger(volume))
    return `gave the volume ${shown(volume)} for an int meter: give a whole number, a bigint beyond 2^53`
  if (number === 'float' && !Number.isFinite(volume))
    return `gave the volume ${shown(volume)} for a float meter: give a finite number`
  if (metadata !== undefined && (!isObject(metadata) || Array.isArray(metadata)))
    return 'gave metadata that is not an object'
  if (takenAt !== undefined && !isInstant(takenAt))
    return 'gave a takenAt without wallMs and monotonicSeconds'
  return undefined
}

function faultOfMissing({ reason, detail }: Record<string, unknown>): string | undefined {
  if (typeof reason !== 'string' || !Object.hasOwn(reasons, reason))
    return 'gave neither a volume nor one of the known reasons why there is none'
  return typeof detail === 'string' ? undefined : `gave the reason ${reason} without a detail`
}

function isInstant(value: unknown): boolean {
  return isObject(value) && Number.isFinite(value['wallMs']) && Number.isFinite(value['monotonicSeconds'])
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function shown(volume: unknown): string {
  return typeof volume === 'number' || typeof volume === 'bigint'
    ? String(volume)
    : `of type ${typeof volume}`
}
