import { growth, median } from './figures.js'
import type { MeasuredLine } from './lines.js'

/** What one more domain costs in resident memory. */
export interface MemoryGrowth {
  readonly subject: string
  /** Whose figures it is from. */
  readonly parts: readonly string[]
  readonly bytesPerDomain: number
}

const agents = /^(virtpoll|ceilometer), \w+ meters, sending$/
/** The idle part measures this one, under another name. */
const idle = { subject: 'virtpoll, idle', sameAs: 'virtpoll, usual meters, sending' }

/**
 * Of each agent that was measured with several numbers of domains, by the slope through the medians; of the one that
 * the idle part measures too, with that where there is one host part only.
 */
export function memoryGrowth(lines: readonly MeasuredLine[]): readonly MemoryGrowth[] {
  const resident = lines.filter(({ figure }) => figure === 'resident_bytes')
  const onHosts = resident.filter(({ subject }) => agents.test(subject))
  return [...new Set(onHosts.map(({ subject }) => subject))].flatMap((subject) => {
    const own = onHosts.filter((line) => line.subject === subject)
    const instead = subject === idle.sameAs ? resident.filter((line) => line.subject === idle.subject) : []
    const used = own.length > 1 ? own : [...instead, ...own]
    if (new Set(used.map(({ instances }) => instances)).size < 2) return []
    const points = used.map(({ instances, rounds }) => [instances, median(rounds)] as const)
    return [{ subject, parts: used.map(({ part }) => part), bytesPerDomain: growth(points) }]
  })
}
