import { hasWildcard, matchesPattern } from './fnmatch.js'
import { foreignMeterAdvice } from './foreign-names.js'
import { list, misread, text, under } from './kinds.js'
import type { Spot } from './kinds.js'
import { includes, isExclusion, selects } from './meter-pattern.js'
import type { KnownMeter } from './meter-pattern.js'
import { nearest } from './suggest.js'
import type { YamlNode } from './yaml-node.js'

export interface MeterKnowledge {
  readonly meters: readonly KnownMeter[]
  /** Whether wildcards select computed meters too. */
  readonly computedMeters: boolean
}

const patterns = list(text({ expected: 'the name or pattern of a meter' }), {
  expected: 'a list with the names or patterns of meters',
  least: 1,
})

/** The `meters` of a source by ceilometer's rules. What matches no meter is a warning, as other agents have it perhaps. */
export function readMeters(
  node: YamlNode,
  spot: Spot,
  known: MeterKnowledge,
): readonly string[] | typeof misread {
  if (node.kind === 'scalar' && node.value === '*') {
    spot.faults.warning({ path: spot.path, text: 'expected a list, got "*"; taken as ["*"]' })
    return ['*']
  }
  const entries = patterns.read(node, spot)
  if (entries === misread) return misread
  const fault = mixtureFault(entries)
  if (fault !== undefined) {
    spot.faults.error({ path: spot.path, text: fault })
    return misread
  }
  entries.forEach((entry, index) => {
    const remark = unmatchedRemark(entry, known)
    if (remark !== undefined) spot.faults.warning({ path: under(spot, index).path, text: remark })
  })
  if (!known.meters.some((meter) => selects(entries, meter, known.computedMeters)))
    spot.faults.warning({
      path: spot.path,
      at: 'key',
      text: 'selects no meter; nothing is polled for this source',
    })
  return entries
}

/** Ceilometer takes a pattern that begins with `*` for neither kind, so `*.bytes` goes with both. */
function mixtureFault(entries: readonly string[]): string | undefined {
  const included = entries.find((entry) => !isExclusion(entry) && !entry.startsWith('*'))
  if (included === undefined) return undefined
  const excluded = entries.find(isExclusion)
  if (excluded !== undefined) {
    const [name, exclusion] = [JSON.stringify(included), JSON.stringify(excluded)]
    return `has ${name} and the exclusion ${exclusion}, which do not go together in one source; name meters, or exclude from "*"`
  }
  if (!entries.includes('*')) return undefined
  return `has "*" and ${JSON.stringify(included)}, which do not go together in one source; keep "*", or give the name a source of its own`
}

/** What is to be said of an entry that neither selects nor excludes any meter; undefined when it does. */
export function unmatchedRemark(entry: string, known: MeterKnowledge): string | undefined {
  if (isExclusion(entry)) {
    const pattern = entry.slice(1)
    if (known.meters.some(({ meter }) => matchesPattern(meter, pattern))) return undefined
    return `excludes no meter that this agent has${spelling(pattern, known)}`
  }
  if (known.meters.some((meter) => includes(entry, meter, known.computedMeters))) return undefined
  const computed = known.meters.find(({ meter }) => matchesPattern(meter, entry))
  if (computed !== undefined) {
    return `matches computed meters only, which a wildcard does not select; name ${computed.meter} in full, or set polling.computed_meters: true in agent.yaml`
  }
  const advice = foreignMeterAdvice(entry)
  const name = JSON.stringify(entry)
  return advice === undefined
    ? `no pollster has a meter ${name}${spelling(entry, known)}`
    : `no pollster has a meter ${name}: ${advice}`
}

function spelling(pattern: string, { meters }: MeterKnowledge): string {
  const names = meters.map(({ meter }) => meter)
  const found = hasWildcard(pattern) ? undefined : nearest(pattern, names)
  if (found !== undefined) return `; did you mean ${JSON.stringify(found)}?`
  return '; `virtpoll meters` lists those there are'
}
