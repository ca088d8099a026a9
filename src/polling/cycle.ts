import { ConnectionError, toError } from '../errors.js'
import type { Discovery, DiscoveryContext, Resource } from '../discovery/discovery.js'
import type { Domain, Inspection, Inspector, StatsGroup } from '../inspector/inspector.js'
import type { PollsterLog } from '../pollster/pollster.js'
import type { Notifier, RefusedSample } from '../publish/notifier.js'
import type { Clock } from '../schedule/clock.js'
import { createTurns, type Turns } from '../schedule/turns.js'
import { createCycleCache } from './cycle-cache.js'
import type { DeltaMemory } from './delta-memory.js'
import { discover, type Findings } from './discover.js'
import { createHandOver, type HandOver } from './hand-over.js'
import { createLedger, type Ledger } from './ledger.js'
import type { LastFound } from './last-found.js'
import { createPatience } from './patience.js'
import { errandsOf, isInstance, samplesOf, type Assignment, type Errand } from './plan.js'
import { pollErrands } from './poll-errands.js'
import type { CycleReport, MissingReason, Witness } from './report.js'
import { createTally, type Tally } from './tally.js'

/** What every cycle works with. */
export interface CycleParts {
  /** By name. */
  readonly discoveries: ReadonlyMap<string, Discovery>
  /** Kept from cycle to cycle. */
  readonly lastFound: LastFound
  readonly inspector: Inspector
  readonly clock: Clock
  readonly memory: DeltaMemory
  /** Whether domains that are not running have figures. */
  readonly reportStopped: boolean
  /** What one asynchronous pollster may take for all its resources in one cycle. */
  readonly pollsterSeconds: number
  /** A new UUID for each sample. */
  readonly newId: () => string
  /** Where the pollster of a meter may log. */
  readonly logOf: (meter: string) => PollsterLog
}

export interface CycleRequest {
  /** The sources that are due. */
  readonly assignments: readonly Assignment[]
  readonly notifier: Notifier
  /** Leaves out the resources for which it says no; default none. */
  readonly accepts?: (resource: Resource) => boolean
  readonly witness?: Witness
}

/** What one cycle gathers on its way. */
interface Progress {
  readonly ledger: Ledger
  readonly tally: Tally
  readonly handOver: HandOver
  calls: number
  instances: number
  findings: Findings | undefined
}

/**
 * One cycle of all sources that are due: discover, inspect once for the union of what their pollsters need, poll,
 * hand the samples over. Never rejects: what went wrong is in the report, and what could be read is delivered.
 */
export async function runCycle(
  parts: CycleParts,
  request: CycleRequest,
  signal: AbortSignal,
): Promise<CycleReport> {
  const startedAt = parts.clock.now()
  const progress = begin(request)
  let error: Error | undefined
  try {
    await takeSteps(parts, request, progress, signal)
  } catch (thrown) {
    error = toError(thrown)
    progress.ledger.giveUp(reasonOf(error, signal))
  }
  const finishedAt = parts.clock.now()
  return {
    startedAt,
    finishedAt,
    seconds: finishedAt.monotonicSeconds - startedAt.monotonicSeconds,
    schedules: request.assignments.map(({ source }) => source.schedule),
    instances: progress.instances,
    notifications: progress.handOver.notifications,
    skipped: progress.findings?.skipped ?? [],
    faults: progress.findings?.faults ?? [],
    calls: progress.calls,
    pollsters: progress.tally.reports,
    error: error ?? progress.findings?.error,
    ...progress.ledger.figures,
  }
}

function begin({ notifier }: CycleRequest): Progress {
  const ledger = createLedger()
  const tally = createTally()
  const refuse = ({ sample, error }: RefusedSample): void => {
    tally.failed(sample.name, error)
  }
  const handOver = createHandOver(notifier, ledger, refuse)
  return { ledger, tally, handOver, calls: 0, instances: 0, findings: undefined }
}

async function takeSteps(
  parts: CycleParts,
  request: CycleRequest,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const turns = createTurns(parts.clock, signal)
  const findings = await discover(parts, request.assignments, {
    ...{ turns, signal },
    survey: surveyOnce(parts, progress, signal),
  })
  progress.findings = findings
  forgetTheGone(parts.memory, request.assignments, findings)
  const errands = await promise(request, { findings, progress, turns })
  const domains = domainsOf(errands)
  if (turns.areDue()) await turns.give()
  progress.instances = domains.length
  const inspection = await inspect(parts, { errands, domains }, signal)
  progress.calls += inspection?.calls ?? 0
  const patience = createPatience(parts.clock, parts.pollsterSeconds, signal)
  try {
    await pollErrands(errands, {
      ...parts,
      ...progress,
      inspection,
      patience,
      cache: createCycleCache(),
      witness: request.witness,
      now: parts.clock.now(),
      turns,
      signal,
    })
  } finally {
    patience.end()
    await progress.handOver.flush()
  }
}

/** The host is surveyed when the first discovery asks, and once. */
function surveyOnce(
  { inspector }: CycleParts,
  progress: Progress,
  signal: AbortSignal,
): DiscoveryContext['survey'] {
  const cache = createCycleCache()
  return () =>
    cache.once('survey', async () => {
      const survey = await inspector.survey(signal)
      progress.calls += survey.calls
      return survey
    })
}

function forgetTheGone(memory: DeltaMemory, assignments: readonly Assignment[], findings: Findings): void {
  for (const assignment of assignments)
    if (findings.isWhole(assignment)) memory.keepResources(assignment.source.name, findings.idsOf(assignment))
}

/**
 * What is to be polled, and into the ledger how many samples that promises; also those of resources that cannot be
 * polled because their discovery failed, so that a cycle without libvirt does not look as if nothing were due.
 */
async function promise(
  { assignments, accepts = () => true }: CycleRequest,
  {
    findings,
    progress: { ledger },
    turns,
  }: { readonly findings: Findings; readonly progress: Progress; readonly turns: Turns },
): Promise<readonly Errand[]> {
  const pollable: Errand[] = []
  for (const errand of errandsOf(assignments, (name) => findings.resourcesOf(name).filter(accepts))) {
    const reason = findings.lost.get(errand.resource)
    if (reason === undefined) pollable.push(errand)
    if (reason === undefined) ledger.expect(samplesOf(errand))
    else ledger.lost(samplesOf(errand), reason)
    if (turns.areDue()) await turns.give()
  }
  return pollable
}

/** One look at all domains for the union of the groups; undefined when nothing needs one. */
async function inspect(
  { inspector, reportStopped }: CycleParts,
  { errands, domains }: { readonly errands: readonly Errand[]; readonly domains: readonly Domain[] },
  signal: AbortSignal,
): Promise<Inspection | undefined> {
  // Errands share their lists of pollsters, so there are few.
  const lists = new Set(errands.map(({ pollsters }) => pollsters))
  const groups = new Set<StatsGroup>([...lists].flatMap((list) => list.flatMap(({ needs }) => needs)))
  if (groups.size === 0 || domains.length === 0) return undefined
  return inspector.inspect({ domains, groups, reportStopped }, signal)
}

function domainsOf(errands: readonly Errand[]): readonly Domain[] {
  const byUuid = new Map<string, Domain>()
  for (const { resource } of errands)
    if (isInstance(resource)) byUuid.set(resource.domain.uuid, resource.domain)
  return [...byUuid.values()]
}

function reasonOf(error: Error, signal: AbortSignal): MissingReason {
  if (signal.aborted) return 'stopped'
  return error instanceof ConnectionError ? 'unreachable' : 'failed'
}
