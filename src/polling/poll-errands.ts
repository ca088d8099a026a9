import { PollsterError, toError } from '../errors.js'
import type { Resource } from '../discovery/discovery.js'
import type { DomainLook, Inspected, Inspection } from '../inspector/inspector.js'
import type { Missing, PollContext, Pollster, PollsterLog, Reading } from '../pollster/pollster.js'
import type { Sample } from '../sample/sample.js'
import type { Instant } from '../schedule/clock.js'
import type { Turns } from '../schedule/turns.js'
import { checkOutcomes, type Answer } from './check-outcomes.js'
import type { CycleCache } from './cycle-cache.js'
import type { DeltaMemory, MemoryPage } from './delta-memory.js'
import type { HandOver } from './hand-over.js'
import type { Ledger } from './ledger.js'
import { overdue, type Patience } from './patience.js'
import { isInstance, type Errand } from './plan.js'
import type { FailedFigure, Witness } from './report.js'
import type { Tally } from './tally.js'

/** What polling needs of its cycle. */
export interface Polling {
  readonly inspection: Inspection | undefined
  readonly cache: CycleCache
  readonly memory: DeltaMemory
  readonly patience: Patience
  readonly pollsterSeconds: number
  readonly ledger: Ledger
  readonly tally: Tally
  readonly handOver: HandOver
  readonly witness: Witness | undefined
  readonly now: Instant
  readonly newId: () => string
  readonly logOf: (meter: string) => PollsterLog
  readonly turns: Turns
  readonly signal: AbortSignal
}

/** What a pollster is handed in a cycle, whatever the resource. */
type Shared = Omit<PollContext, 'look' | 'memory'>

/** One pollster and one resource. */
interface Pair {
  readonly errand: Errand
  readonly pollster: Pollster
  readonly look: Inspected<DomainLook>
}

/** Asks every pollster of every errand and hands the samples over. Rejects with the signal's reason only. */
export async function pollErrands(errands: readonly Errand[], polling: Polling): Promise<void> {
  const { inspection, handOver, turns } = polling
  const sharedOf = shareOut(polling)
  for (const errand of errands) {
    const look = lookAt(errand.resource, inspection)
    for (const pollster of errand.pollsters) {
      const later = pollPair({ errand, pollster, look }, sharedOf(pollster), polling)
      // Almost every pollster answers at once; thousands of empty promises would cost more than their answers.
      if (later !== undefined) await later
    }
    if (handOver.isFull) await handOver.flush()
    if (turns.areDue()) await turns.give()
  }
}

/** Made once a pollster, not once a poll. */
function shareOut({ cache, now, logOf, patience }: Polling): (pollster: Pollster) => Shared {
  const made = new Map<Pollster, Shared>()
  return (pollster) => {
    let shared = made.get(pollster)
    if (shared === undefined) {
      const { meter } = pollster
      shared = { once: cache.once, now, log: logOf(meter), signal: patience.signalOf(meter) }
      made.set(pollster, shared)
    }
    return shared
  }
}

const noDomain: Inspected<DomainLook> = {
  ok: false,
  reason: 'not-found',
  detail: 'the resource is not a domain, so there are no statistics of it',
}

const notRead: Inspected<DomainLook> = {
  ok: false,
  reason: 'no-data',
  detail:
    'no meter of this cycle needs statistics; a pollster that reads them must name their groups in needs',
}

function lookAt(resource: Resource, inspection: Inspection | undefined): Inspected<DomainLook> {
  if (!isInstance(resource)) return noDomain
  return inspection?.look(resource.domain.uuid) ?? notRead
}

/** Polls and books the answer: at once, or with the promise that it gives. */
function pollPair(pair: Pair, shared: Shared, polling: Polling): Promise<void> | undefined {
  const { errand, pollster, look } = pair
  const { source, resource } = errand
  const page = polling.memory.page(source.name, pollster.meter, resource.id)
  try {
    const { once, now, log, signal } = shared
    const given = ask(pollster, resource, { look, memory: page, once, now, log, signal }, polling)
    if (given instanceof Promise) return bookLater(given, page, pair, polling)
    accept(given, page, pair, polling)
  } catch (thrown) {
    bookFailure(thrown, pair, polling)
  }
  return undefined
}

async function bookLater(
  given: Promise<unknown>,
  page: MemoryPage,
  pair: Pair,
  polling: Polling,
): Promise<void> {
  try {
    accept(await given, page, pair, polling)
  } catch (thrown) {
    bookFailure(thrown, pair, polling)
  }
}

function ask(
  pollster: Pollster,
  resource: Resource,
  context: PollContext,
  { patience, pollsterSeconds }: Polling,
): unknown {
  if (patience.isOver(pollster.meter)) throw overdue(pollster.meter, pollsterSeconds)
  // Only resources that suit a pollster are put to it; see plan.ts.
  const given: unknown = (pollster as Pollster<Resource>).poll(resource, context)
  return isPromiseLike(given) ? patience.wait(pollster.meter, given) : given
}

function accept(given: unknown, page: MemoryPage, pair: Pair, polling: Polling): void {
  const answer = checkOutcomes(pair.pollster, given)
  // A domain that was seen shut off counts from zero when it runs again, maybe under the id that it had.
  const { look } = pair
  const isShutOff = look.ok ? look.value.shutOff : look.reason === 'shut-off'
  page.commit(!isShutOff && answer.missing.length + answer.nonsense.length > 0)
  book(answer, pair, polling)
}

function bookFailure(thrown: unknown, { errand, pollster }: Pair, polling: Polling): void {
  polling.signal.throwIfAborted()
  const { resource, promised } = errand
  const expected = promised[pollster.per]
  const lost = Array.from({ length: expected }, () => failed(toError(thrown)))
  polling.ledger.polled(expected, 0, lost)
  polling.tally.failed(pollster.meter, failure(pollster, resource, thrown))
  for (const figure of lost) polling.witness?.missing(figure, resource, pollster)
}

function book(answer: Answer, { errand, pollster, look }: Pair, polling: Polling): void {
  const { ledger, handOver, witness, tally, now, newId } = polling
  const { resource, promised } = errand
  const expected = promised[pollster.per]
  const missing: readonly (Missing | FailedFigure)[] =
    answer.nonsense.length === 0 ? answer.missing : [...answer.missing, ...answer.nonsense.map(failed)]
  ledger.polled(expected, answer.readings.length, missing)
  const fault = answer.nonsense[0] ?? miscount(answer, expected)
  if (fault === undefined) tally.worked(pollster.meter)
  else tally.failed(pollster.meter, failure(pollster, resource, fault))
  const takenAt = look.ok ? look.value.takenAt : now
  for (const reading of answer.readings) {
    const sample = sampleOf(pollster, resource, reading, { id: newId(), takenAt })
    handOver.add(sample)
    witness?.sample(sample, resource)
  }
  if (witness !== undefined) for (const figure of missing) witness.missing(figure, resource, pollster)
}

/** A pollster that leaves a figure out without a word, or makes one up, costs or adds money: it is named. */
function miscount({ readings, missing }: Answer, expected: number): Error | undefined {
  const given = readings.length + missing.length
  if (given === expected) return undefined
  return new Error(`it gave ${given} readings and absences where ${expected} are due; see its \`per\``)
}

function sampleOf(
  { meter, type, unit, number }: Pollster,
  { id: resourceId, source, userId, userName, projectId, projectName, metadata }: Resource,
  reading: Reading,
  { id, takenAt }: Pick<Sample, 'id' | 'takenAt'>,
): Sample {
  return {
    id,
    source,
    name: meter,
    type,
    unit,
    volume: reading.volume,
    numberKind: number,
    userId,
    userName,
    projectId,
    projectName,
    resourceId: reading.resourceId ?? resourceId,
    takenAt: reading.takenAt ?? takenAt,
    metadata,
    extraMetadata: reading.metadata,
  }
}

function failed(error: Error): FailedFigure {
  return { reason: 'failed', detail: error.message }
}

function failure({ meter }: Pollster, { id }: Resource, thrown: unknown): PollsterError {
  const cause = toError(thrown)
  return new PollsterError('POLLSTER_FAILED', `the pollster of ${meter} failed for ${id}: ${cause.message}`, {
    details: { meter, resource: id },
    cause,
  })
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
