import type { Source } from '../config/options.js'
import { discoveriesOf, scheduleKey, type Assignment } from '../polling/plan.js'
import type { Pollster } from '../pollster/pollster.js'

/** Meters of the same resources that these sources poll, each on a schedule of its own. */
interface Shared {
  readonly sources: readonly Source[]
  readonly meters: Set<string>
}

/** What to know of meters that go out once for each of several schedules; `errandsOf` says which. */
export function polledTwiceNotes(assignments: readonly Assignment[]): readonly string[] {
  const shared = new Map<string, Shared>()
  for (const pollster of new Set(assignments.flatMap(({ pollsters }) => pollsters)))
    for (const sources of pollersOf(pollster, assignments)) {
      const key = JSON.stringify(sources.map(({ name }) => name))
      const group = shared.get(key) ?? { sources, meters: new Set() }
      shared.set(key, group)
      group.meters.add(pollster.meter)
    }
  return [...shared.values()].map(describe)
}

/** For each discovery that several schedules ask a meter of: the source that polls it in each schedule. */
function pollersOf(pollster: Pollster, assignments: readonly Assignment[]): readonly (readonly Source[])[] {
  const bySchedule = new Map<string, Map<string, Source>>()
  for (const { source, pollsters } of assignments) {
    if (!pollsters.includes(pollster)) continue
    for (const discovery of discoveriesOf(source, pollster)) {
      if (discovery === 'local_node' && pollster.per !== 'resource') continue
      const pollers = bySchedule.get(discovery) ?? new Map<string, Source>()
      bySchedule.set(discovery, pollers)
      const schedule = scheduleKey(source.schedule)
      if (!pollers.has(schedule)) pollers.set(schedule, source)
    }
  }
  return [...bySchedule.values()].filter(({ size }) => size > 1).map((pollers) => [...pollers.values()])
}

const mostNamed = 3

function describe({ sources, meters }: Shared): string {
  const left = meters.size - mostNamed
  const named = [...meters].slice(0, mostNamed).join(', ') + (left > 0 ? ` and ${left} more` : '')
  const [first, ...others] = sources.map(
    ({ name, schedule }) => `${JSON.stringify(name)} (${scheduleKey(schedule)})`,
  )
  const verb = meters.size === 1 ? 'is' : 'are'
  return `${named} of source ${first ?? ''} ${verb} also polled by ${others.join(', ')}: each publishes its own samples`
}
