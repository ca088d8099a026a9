import { hasWildcard, matchesPattern } from './fnmatch.js'

/** What is known of a meter before it is polled. */
export interface KnownMeter {
  readonly meter: string
  /** Listed by the original and never computed there; wildcards do not select it unless asked to. */
  readonly computed: boolean
}

/**
 * Whether the entries of a source's `meters` select a meter, as ceilometer decides it: an exclusion (`!disk.*`) that
 * matches says no whatever its place in the list, then any other entry that matches says yes, and a list of exclusions
 * only takes the rest. A computed meter needs to be named in full, unless `computedMeters` lets wildcards have it too.
 */
export function selects(patterns: readonly string[], known: KnownMeter, computedMeters: boolean): boolean {
  const excluded = patterns.some((entry) => isExclusion(entry) && matchesPattern(known.meter, entry.slice(1)))
  if (excluded) return false
  if (patterns.some((entry) => !isExclusion(entry) && includes(entry, known, computedMeters))) return true
  return patterns.every(isExclusion) && isOpenToWildcards(known, computedMeters)
}

export function isExclusion(entry: string): boolean {
  return entry.startsWith('!')
}

/** Whether one entry without `!` selects a meter by itself. */
export function includes(entry: string, known: KnownMeter, computedMeters: boolean): boolean {
  if (hasWildcard(entry) && !isOpenToWildcards(known, computedMeters)) return false
  return matchesPattern(known.meter, entry)
}

function isOpenToWildcards({ computed }: KnownMeter, computedMeters: boolean): boolean {
  return !computed || computedMeters
}
