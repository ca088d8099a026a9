import type { Faults } from './faults.js'
import type { Path } from './locate.js'
import { didYouMean } from './suggest.js'
import { describeNode } from './yaml-node.js'
import type { YamlNode } from './yaml-node.js'

/** Where a value is read: its path, and where to put what is wrong with it. */
export interface Spot {
  readonly path: Path
  readonly faults: Faults
}

/** What reading gives when the value is none of its kind; the fault is in the spot's faults by then. */
export const misread = Symbol('misread')

/** What an option can be. */
export interface Kind<T> {
  /** For messages and documentation: `a whole number from 1 to 64`. */
  readonly expected: string
  /** Never shown in a message or by `virtpoll check`. */
  readonly secret?: boolean
  read(node: YamlNode, spot: Spot): T | typeof misread
}

export function under(spot: Spot, part: string | number): Spot {
  return { ...spot, path: [...spot.path, part] }
}

/** Puts `expected …, got …` at the spot. */
export function misfit({ path, faults }: Spot, expected: string, got: string): typeof misread {
  faults.error({ path, text: `expected ${expected}, got ${got}` })
  return misread
}

interface TextRules {
  readonly expected?: string
  readonly secret?: boolean
  readonly empty?: boolean
  /** What is wrong with a text, or undefined; completes `expected x, got y`. */
  readonly check?: (text: string) => string | undefined
}

/** Text; a number or a switch has to be quoted, lest YAML change it. */
export function text({
  expected = 'text',
  secret = false,
  empty = false,
  check,
}: TextRules = {}): Kind<string> {
  return {
    expected,
    secret,
    read(node, spot) {
      const got = secret ? typeOf(node) : describeNode(node)
      if (node.kind !== 'scalar' || node.value === null) return misfit(spot, expected, got)
      if (typeof node.value !== 'string') return misfit(spot, expected, `${got}; put it in quotes`)
      if (node.value === '' && !empty) return misfit(spot, expected, 'empty text')
      const fault = check?.(node.value)
      return fault === undefined ? node.value : misfit(spot, expected, got + fault)
    },
  }
}

/** What may be said of a secret. */
function typeOf(node: YamlNode): string {
  if (node.kind !== 'scalar' || node.value === null) return describeNode(node)
  if (typeof node.value === 'boolean') return 'a switch'
  return typeof node.value === 'string' ? 'other text' : 'a number'
}

export function choice<const T extends string>(...choices: readonly T[]): Kind<T> {
  const kind: Kind<T> = {
    expected: choices.length === 2 ? choices.join(' or ') : `one of ${choices.join(', ')}`,
    read(node, spot) {
      const value = node.kind === 'scalar' ? node.value : undefined
      const found = choices.find((one) => one === value)
      const hint = typeof value === 'string' ? choiceHint(value, choices) : ''
      return found ?? misfit(spot, kind.expected, describeNode(node) + hint)
    },
  }
  return kind
}

/** A near miss, or else the choice that the word is the beginning of, or the other way round: `warning` for `warn`. */
function choiceHint(word: string, choices: readonly string[]): string {
  const begun = choices.find((one) => word.length > 2 && (one.startsWith(word) || word.startsWith(one)))
  return didYouMean(word, choices) || (begun === undefined ? '' : `; did you mean ${JSON.stringify(begun)}?`)
}

/** A YAML boolean; the texts "true" and "false" are none. */
export const flag: Kind<boolean> = {
  expected: 'true or false',
  read(node, spot) {
    if (node.kind === 'scalar' && typeof node.value === 'boolean') return node.value
    return misfit(spot, flag.expected, describeNode(node))
  },
}

interface NumberRules {
  readonly least: number
  readonly most: number
  readonly whole?: boolean
}

export function number({ least, most, whole = true }: NumberRules): Kind<number> {
  const kind: Kind<number> = {
    expected: `${whole ? 'a whole number' : 'a number'} from ${least} to ${most}`,
    read(node, spot) {
      const value = node.kind === 'scalar' ? node.value : undefined
      const found = typeof value === 'bigint' ? Number(value) : value
      const fits =
        typeof found === 'number' && found >= least && found <= most && (!whole || Number.isInteger(found))
      return fits ? found : misfit(spot, kind.expected, describeNode(node))
    },
  }
  return kind
}

/**
 * Null means what the option's documentation says.
 *
 * @param switchesOff that it means "not at all", for which people write `off` and `false` too
 */
export function orNull<T>(inner: Kind<T>, { switchesOff = false } = {}): Kind<T | null> {
  const expected = `${inner.expected}, or null`
  return {
    ...inner,
    expected,
    read(node, spot) {
      const value = node.kind === 'scalar' ? node.value : undefined
      if (value === null) return null
      return switchesOff && value === false
        ? misfit(spot, expected, `${describeNode(node)}; write null`)
        : inner.read(node, spot)
    },
  }
}

/** A list; every faulty item is reported. */
export function list<T>(
  item: Kind<T>,
  { expected, least = 0 }: { expected: string; least?: number },
): Kind<readonly T[]> {
  const kind: Kind<readonly T[]> = {
    expected,
    read(node, spot) {
      if (node.kind !== 'sequence') return misfit(spot, kind.expected, describeNode(node))
      if (node.items.length < least) return misfit(spot, kind.expected, 'an empty list')
      const values = node.items.map((one, index) => item.read(one, under(spot, index)))
      return values.every((value): value is T => value !== misread) ? values : misread
    },
  }
  return kind
}
