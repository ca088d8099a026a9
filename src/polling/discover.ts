import { AgentError, ConnectionError, toError } from '../errors.js'
import type {
  Discovered,
  Discovery,
  DiscoveryContext,
  Fault,
  Resource,
  Skipped,
} from '../discovery/discovery.js'
import { discoveriesOf, type Assignment } from './plan.js'

/** What the discoveries of one cycle gave. */
export interface Findings {
  resourcesOf(discovery: string): readonly Resource[]
  readonly skipped: readonly Skipped[]
  readonly faults: readonly Fault[]
  /** Whether every discovery of a source gave an answer, so that what it did not find is gone. */
  isWhole(assignment: Assignment): boolean
  /** Every resource that exists for a source, skipped ones included. */
  idsOf(assignment: Assignment): ReadonlySet<string>
  /** The first fault of a discovery. */
  readonly error: Error | undefined
}

/**
 * Asks every discovery that the assignments need, once. Rejects with a ConnectionError or the signal's reason; any
 * other fault costs the resources of that discovery only.
 */
export async function discover(
  discoveries: ReadonlyMap<string, Discovery>,
  assignments: readonly Assignment[],
  context: DiscoveryContext,
): Promise<Findings> {
  const found = new Map<string, Discovered>()
  let error: Error | undefined
  for (const name of new Set(assignments.flatMap(namesOf))) {
    try {
      found.set(name, await named(discoveries, name).discover(context))
    } catch (thrown) {
      context.signal.throwIfAborted()
      if (thrown instanceof ConnectionError) throw thrown
      error ??= toError(thrown)
    }
  }
  const answers = ({ source, pollsters }: Assignment): (Discovered | undefined)[] =>
    namesOf({ source, pollsters }).map((name) => found.get(name))
  return {
    resourcesOf: (name) => found.get(name)?.resources ?? [],
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
