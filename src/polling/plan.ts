import { selects } from '../config/meter-pattern.js'
import type { Schedule, Source } from '../config/options.js'
import type { Instance, Resource } from '../discovery/discovery.js'
import type { Pollster } from '../pollster/pollster.js'

/** A source with the pollsters that its patterns select. */
export interface Assignment {
  readonly source: Source
  readonly pollsters: readonly Pollster[]
}

/** One resource to be asked about by some pollsters of a source. */
export interface Errand {
  readonly source: Source
  readonly resource: Resource
  readonly pollsters: readonly Pollster[]
  readonly promised: Promised
}

/** How many samples one meter of each kind promises of a resource, by the XML of its domain alone. */
export type Promised = Readonly<Record<Pollster['per'], number>>

export function assign(
  sources: readonly Source[],
  pollsters: readonly Pollster[],
  computedMeters: boolean,
): readonly Assignment[] {
  return sources.map((source) => ({
    source,
    pollsters: pollsters.filter(({ meter, computed = false }) =>
      selects(source.meters, { meter, computed }, computedMeters),
    ),
  }))
}

/** The discoveries that give a pollster its resources in a source. */
export function discoveriesOf(source: Source, pollster: Pollster): readonly string[] {
  return source.discovery.length > 0 ? source.discovery : [pollster.discovery ?? 'local_instances']
}

/** One text for schedules that tick together. */
export function scheduleKey(schedule: Schedule): string {
  return schedule.kind === 'interval'
    ? `every ${schedule.seconds} s`
    : `${schedule.expression} (${schedule.timeZone})`
}

/**
 * What is to be polled. Within one schedule a meter of a resource is polled once, for the first source in the order
 * of the file; sources of different schedules each poll it, and each has its own memory for it.
 */
export function* errandsOf(
  assignments: readonly Assignment[],
  resourcesOf: (discovery: string) => readonly Resource[],
): Generator<Errand> {
  const taken = new Map<string, Taken>()
  for (const { source, pollsters } of assignments) {
    const key = scheduleKey(source.schedule)
    const takenNow: Taken = taken.get(key) ?? new Map<string, readonly Pollster[]>()
    taken.set(key, takenNow)
    for (const [discovery, asking] of byDiscovery(source, pollsters)) {
      const ofAnything = asking.filter(({ per }) => per === 'resource')
      for (const resource of resourcesOf(discovery)) {
        // A meter of instances has nothing to say about other resources.
        const chosen = take(takenNow, resource, isInstance(resource) ? asking : ofAnything)
        if (chosen.length > 0) yield { source, resource, pollsters: chosen, promised: promisedBy(resource) }
      }
    }
  }
}

function byDiscovery(
  source: Source,
  pollsters: readonly Pollster[],
): ReadonlyMap<string, readonly Pollster[]> {
  const asking = new Map<string, Pollster[]>()
  for (const pollster of pollsters)
    for (const name of discoveriesOf(source, pollster))
      asking.set(name, [...(asking.get(name) ?? []), pollster])
  return asking
}

/** By the id of a resource, the pollsters that an errand of the schedule has already. */
type Taken = Map<string, readonly Pollster[]>

/** Those of the pollsters that are still to be had. Mostly all of them, then it is the same list for every resource. */
function take(taken: Taken, { id }: Resource, pollsters: readonly Pollster[]): readonly Pollster[] {
  const before = taken.get(id)
  const chosen = before === undefined ? pollsters : pollsters.filter((pollster) => !before.includes(pollster))
  taken.set(id, before === undefined ? pollsters : [...before, ...chosen])
  return chosen
}

export function isInstance(resource: Resource): resource is Instance {
  return 'domain' in resource
}

const onlyItself: Promised = { resource: 1, instance: 1, disk: 1, vnic: 1 }

function promisedBy(resource: Resource): Promised {
  if (!isInstance(resource)) return onlyItself
  const { disks, vnics } = resource.domain.description
  return { ...onlyItself, disk: disks.filter(({ hasSource }) => hasSource).length, vnic: vnics.length }
}

/** The number of samples that an errand promises. */
export function samplesOf({ pollsters, promised }: Errand): number {
  return pollsters.reduce((sum, { per }) => sum + promised[per], 0)
}
