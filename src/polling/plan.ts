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
}

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
export function errandsOf(
  assignments: readonly Assignment[],
  resourcesOf: (discovery: string) => readonly Resource[],
): readonly Errand[] {
  const taken = new Map<string, Set<string>>()
  const takenOf = (source: Source, { meter }: Pollster): Set<string> => {
    const key = `${meter}\n${scheduleKey(source.schedule)}`
    const ids = taken.get(key) ?? new Set<string>()
    taken.set(key, ids)
    return ids
  }
  return assignments.flatMap(({ source, pollsters }) => {
    const byResource = new Map<Resource, Pollster[]>()
    for (const pollster of pollsters) {
      const ids = takenOf(source, pollster)
      for (const resource of discoveriesOf(source, pollster).flatMap(resourcesOf)) {
        if (!suits(pollster, resource) || ids.has(resource.id)) continue
        ids.add(resource.id)
        const chosen = byResource.get(resource) ?? []
        byResource.set(resource, chosen)
        chosen.push(pollster)
      }
    }
    return [...byResource].map(([resource, chosen]) => ({ source, resource, pollsters: chosen }))
  })
}

export function isInstance(resource: Resource): resource is Instance {
  return 'domain' in resource
}

const expectations: Readonly<Record<Pollster['per'], (instance: Instance) => number>> = {
  resource: () => 1,
  instance: () => 1,
  disk: ({ domain }) => domain.description.disks.filter((disk) => disk.hasSource).length,
  vnic: ({ domain }) => domain.description.vnics.length,
}

/** The number of samples that a meter promises of a resource, by the XML of its domain alone. */
export function expectedOf(pollster: Pollster, resource: Resource): number {
  return isInstance(resource) ? expectations[pollster.per](resource) : 1
}

/** A meter of instances has nothing to say about other resources. */
function suits(pollster: Pollster, resource: Resource): boolean {
  return pollster.per === 'resource' || isInstance(resource)
}
