/** One step of a pattern; each but `*` takes one character. */
type Step =
  | { readonly kind: 'any' }
  | { readonly kind: 'star' }
  | { readonly kind: 'literal'; readonly character: string }
  | { readonly kind: 'set'; readonly negated: boolean; readonly ranges: readonly Range[] }

type Range = readonly [first: string, last: string]

/**
 * Whether a name matches a pattern as Python's fnmatch.fnmatchcase has it: `*` any characters, `?` one, `[a-z]` one of
 * them, `[!a-z]` none of them; the whole name, upper and lower case apart. Takes at most length × length steps.
 */
export function matchesPattern(name: string, pattern: string): boolean {
  const characters = Array.from(name)
  const steps = parse(Array.from(pattern))
  let at = 0
  let step = 0
  // Where to go on after a mismatch: the last star takes one character more.
  let star: { readonly step: number; at: number } | undefined
  while (at < characters.length) {
    const current = steps[step]
    if (current?.kind === 'star') {
      star = { step: (step += 1), at }
    } else if (current !== undefined && takes(current, characters[at] ?? '')) {
      step += 1
      at += 1
    } else if (star !== undefined) {
      star.at += 1
      step = star.step
      at = star.at
    } else return false
  }
  return steps.slice(step).every(({ kind }) => kind === 'star')
}

/** True for a pattern that can match more than the name it spells. */
export function hasWildcard(pattern: string): boolean {
  return /[*?[]/.test(pattern)
}

function takes(step: Step, character: string): boolean {
  switch (step.kind) {
    case 'any':
    case 'star':
      return true
    case 'literal':
      return step.character === character
    case 'set':
      return step.ranges.some((range) => isWithin(character, range)) !== step.negated
  }
}

function isWithin(character: string, [first, last]: Range): boolean {
  const point = codePoint(character)
  return codePoint(first) <= point && point <= codePoint(last)
}

function codePoint(character: string): number {
  return character.codePointAt(0) ?? 0
}

function parse(pattern: readonly string[]): readonly Step[] {
  const steps: Step[] = []
  let at = 0
  while (at < pattern.length) {
    const character = pattern[at] ?? ''
    const close = character === '[' ? closingBracket(pattern, at) : -1
    if (close >= 0) steps.push(parseSet(pattern.slice(at + 1, close)))
    else if (character === '*') steps.push({ kind: 'star' })
    else if (character === '?') steps.push({ kind: 'any' })
    else steps.push({ kind: 'literal', character })
    at = Math.max(at, close) + 1
  }
  return steps
}

/** A bracket that is never closed stands for itself, and `]` right after the opening is one of the set. */
function closingBracket(pattern: readonly string[], open: number): number {
  const first = pattern[open + 1] === '!' ? open + 2 : open + 1
  return pattern.indexOf(']', pattern[first] === ']' ? first + 1 : first)
}

function parseSet(inside: readonly string[]): Step {
  const negated = inside[0] === '!'
  const ranges: Range[] = []
  let at = negated ? 1 : 0
  while (at < inside.length) {
    const first = inside[at] ?? ''
    const last = inside[at + 1] === '-' ? inside[at + 2] : undefined
    ranges.push([first, last ?? first])
    at += last === undefined ? 1 : 3
  }
  return { kind: 'set', negated, ranges }
}
