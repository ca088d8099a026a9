import { AgentError, ConnectionError, toError } from '../errors.js'
import type {
  Discovered,
  Discovery,
  DiscoveryContext,
  Fault,
  Resource,
  Skipped,
} from '../discovery/discovery.js'
import type { LastFound } from './last-found.js'
import { discoveriesOf, type Assignment } from './plan.js'
import type { MissingReason } from './report.js'

/** What the discoveries of one cycle gave. */
export interface Findings {
  /** Of a discovery that failed what it found last: see `lost`. */
  resourcesOf(discovery: string): readonly Resource[]
  /** Why these resources cannot be polled: their discovery failed. */
  readonly lost: ReadonlyMap<Resource, LossReason>
  readonly skipped: readonly Skipped[]
  readonly faults: readonly Fault[]
  /** Whether every discovery of a source gave an answer, so that what it did not find is gone. */
  isWhole(assignment: Assignment): boolean
  /** Every resource that exists for a source, skipped ones included. */
  idsOf(assignment: Assignment): ReadonlySet<string>
  /** The first fault of a discovery. */
  readonly error: Error | undefined
}

export type LossReason = Extract<MissingReason, 'unreachable' | 'failed'>

export interface Discoveries {
  /** By name. */
  readonly discoveries: ReadonlyMap<string, Discovery>
  readonly lastFound: LastFound
}

/**
 * Asks every discovery that the assignments need, once. Rejects with the signal's reason; any other fault costs the
 * resources of that discovery only.
 */
export async function discover(
  { discoveries, lastFound }: Discoveries,
  assignments: readonly Assignment[],
  context: DiscoveryContext,
): Promise<Findings> {
  const found = new Map<string, Discovered>()
  const lost = new Map<Resource, LossReason>()
  let error: Error | undefined
  for (const name of new Set(assignments.flatMap(namesOf))) {
    try {
      const answer = await named(discoveries, name).discover(context)
      found.set(name, answer)
      lastFound.set(name, answer.resources)
    } catch (thrown) {
      context.signal.throwIfAborted()
      const reason = thrown instanceof ConnectionError ? 'unreachable' : 'failed'
      for (const resource of lastFound.get(name) ?? []) lost.set(resource, reason)
      error ??= toError(thrown)
    }
  }
  const answers = ({ source, pollsters }: Assignment): (Discovered | undefined)[] =>
    namesOf({ source, pollsters }).map((name) => found.get(name))
  return {
    resourcesOf: (name) => found.get(name)?.resources ?? lastFound.get(name) ?? [],
    lost,
    skipped: [...found.values()].flatMap(({ skipped }) => skipped),
    faults: [...found.values()].flatMap(({ faults = [] }) => faults),
    isWhole: (assignment) => !answers(assignment).includes(undefined),
    idsOf: (assignment) =>
      new Set(
        answers(assignment).flatMap((answer) =>
          answer === undefined ? [] : [...answer.resources, ...answer.skipped].map(({ id }) => id),
        ),
      ),
    error,
  }
}

function namesOf({ source, pollsters }: Assignment): string[] {
  return [...new Set(pollsters.flatMap((pollster) => discoveriesOf(source, pollster)))]
}

function named(discoveries: ReadonlyMap<string, Discovery>, name: string): Discovery {
  const discovery = discoveries.get(name)
  if (discovery !== undefined) return discovery
  throw new AgentError(
    'CONFIG_INVALID',
    `there is no discovery ${name}; known: ${[...discoveries.keys()].join(', ')}; correct it in polling.yaml or in the pollster`,
    { details: { discovery: name } },
  )
}
