import { setImmediate as nextTurn } from 'node:timers/promises'
import { PollsterError, toError } from '../errors.js'
import type { Resource } from '../discovery/discovery.js'
import type { DomainLook, Inspected, Inspection } from '../inspector/inspector.js'
import type { Missing, PollContext, Pollster, PollsterLog, Reading } from '../pollster/pollster.js'
import type { Sample } from '../sample/sample.js'
import type { Instant } from '../schedule/clock.js'
import { checkOutcomes, type Answer } from './check-outcomes.js'
import type { CycleCache } from './cycle-cache.js'
import type { DeltaMemory } from './delta-memory.js'
import type { HandOver } from './hand-over.js'
import type { Ledger } from './ledger.js'
import { overdue, type Patience } from './patience.js'
import { expectedOf, isInstance, type Errand } from './plan.js'
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
  readonly signal: AbortSignal
}

/** Polls before the event loop gets its turn: about a millisecond. */
const pollsATurn = 500

/** Asks every pollster of every errand and hands the samples over. Rejects with the signal's reason only. */
export async function pollErrands(errands: readonly Errand[], polling: Polling): Promise<void> {
  let sinceTurn = 0
  for (const errand of errands) {
    const look = lookAt(errand.resource, polling.inspection)
    for (const pollster of errand.pollsters) await pollPair(errand, pollster, look, polling)
    sinceTurn += errand.pollsters.length
    if (polling.handOver.isFull) await polling.handOver.flush()
    if (sinceTurn < pollsATurn) continue
    sinceTurn = 0
    await nextTurn()
    polling.signal.throwIfAborted()
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

async function pollPair(
  { source, resource }: Errand,
  pollster: Pollster,
  look: Inspected<DomainLook>,
  polling: Polling,
): Promise<void> {
  const expected = expectedOf(pollster, resource)
  const page = polling.memory.page(source.name, pollster.meter, resource.id)
  try {
    const given = ask(pollster, resource, { look, memory: page, ...shared(pollster, polling) }, polling)
    const answer = checkOutcomes(pollster, given instanceof Promise ? await given : given)
    page.commit(answer.missing.length + answer.nonsense.length > 0)
    book(answer, { pollster, resource, look, expected }, polling)
  } catch (thrown) {
    polling.signal.throwIfAborted()
    const lost = Array.from({ length: expected }, () => failed(toError(thrown)))
    polling.ledger.polled(expected, 0, lost)
    polling.tally.failed(pollster.meter, failure(pollster, resource, thrown))
    for (const figure of lost) polling.witness?.missing(figure, resource, pollster)
  }
}

function shared(
  { meter }: Pollster,
  { cache, now, logOf, patience }: Polling,
): Omit<PollContext, 'look' | 'memory'> {
  return { once: cache.once, now, log: logOf(meter), signal: patience.signalOf(meter) }
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

interface Polled {
  readonly pollster: Pollster
  readonly resource: Resource
  readonly look: Inspected<DomainLook>
  readonly expected: number
}

function book(answer: Answer, { pollster, resource, look, expected }: Polled, polling: Polling): void {
  const { ledger, handOver, witness, tally, now, newId } = polling
  const missing: (Missing | FailedFigure)[] = [...answer.missing, ...answer.nonsense.map(failed)]
  ledger.polled(expected, answer.readings.length, missing)
  const fault = answer.nonsense[0] ?? miscount(answer, expected)
  if (fault === undefined) tally.worked(pollster.meter)
  else tally.failed(pollster.meter, failure(pollster, resource, fault))
  const takenAt = look.ok ? look.value.takenAt : now
  for (const reading of answer.readings) {
    const sample = sampleOf(pollster, resource, { takenAt, ...reading }, newId())
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
  reading: Reading & { readonly takenAt: Instant },
  id: string,
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
    takenAt: reading.takenAt,
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
