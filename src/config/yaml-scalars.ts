/** What a YAML scalar stands for. A bigint is a YAML int, a number a YAML float: Python keeps them apart, so this does too. */
export type Scalar = null | boolean | bigint | number | string

/** A fault says why the text stands for nothing, and what to write instead. */
export type Resolved = { readonly value: Scalar } | { readonly fault: string }

interface Rule {
  readonly tag: 'null' | 'bool' | 'int' | 'float'
  readonly pattern: RegExp
  readonly read: (source: string) => Scalar
}

/** Python refuses to turn longer decimal numbers into an int, so no file that works has one. */
const longestNumber = 4300

const trueWords = new Set(['yes', 'true', 'on'])

/** PyYAML's implicit resolvers (yaml/resolver.py), in the order in which they cannot shadow one another. */
const rules: readonly Rule[] = [
  { tag: 'null', pattern: /^(?:~|null|Null|NULL|)$/, read: () => null },
  {
    tag: 'bool',
    pattern: /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/,
    read: (source) => trueWords.has(source.toLowerCase()),
  },
  {
    tag: 'int',
    pattern:
      /^(?:[-+]?0b[01_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$/,
    read: readInt,
  },
  {
    tag: 'float',
    pattern:
      /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/,
    read: readFloat,
  },
]

/** What Python's float() takes and the implicit resolver does not, for `!!float 3` and `!!float 1e3`. */
const pythonFloat = /^[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$/

/**
 * A plain (unquoted) scalar as PyYAML's safe_load resolves it: YAML 1.1 with PyYAML's own limits, so `1e3`, `0o7`, `08`
 * and `y` are text, `0777` is octal and `1:30` is ninety. A date or time, which Python makes an object of, stays text.
 */
export function resolvePlain(source: string): Resolved {
  if (source === '=' || source === '<<') {
    return { fault: `${source} has a meaning of its own in YAML 1.1; put it in quotes` }
  }
  const rule = rules.find(({ pattern }) => pattern.test(source))
  return rule === undefined ? { value: source } : convert(rule, source)
}

/** A scalar with a tag of its own: `!!str 5`. `tag` is the name after `tag:yaml.org,2002:`. */
export function resolveTagged(tag: string, source: string): Resolved {
  if (tag === 'str') return { value: source }
  if (tag === 'null') return { value: null }
  const rule = rules.find((candidate) => candidate.tag === tag)
  if (rule === undefined) return { fault: `the tag !!${tag} is not used in this file; remove it` }
  if (tag === 'bool' && /^(?:yes|no|true|false|on|off)$/i.test(source)) return convert(rule, source)
  if (tag === 'float' && pythonFloat.test(source)) return { value: Number(source) }
  if (!rule.pattern.test(source)) return { fault: `${JSON.stringify(source)} is not a YAML ${tag}` }
  return convert(rule, source)
}

function convert(rule: Rule, source: string): Resolved {
  if (rule.tag === 'int' && source.length > longestNumber) {
    return { fault: `a number of ${source.length} digits cannot be meant` }
  }
  try {
    return { value: rule.read(source) }
  } catch {
    return {
      fault: `${JSON.stringify(source)} looks like a number and is none; put it in quotes or correct it`,
    }
  }
}

function splitSign(source: string): [negative: boolean, digits: string] {
  const digits = source.replaceAll('_', '')
  return [digits.startsWith('-'), digits.replace(/^[-+]/, '')]
}

function readInt(source: string): bigint {
  const [negative, digits] = splitSign(source)
  const value = readDigits(digits)
  return negative ? -value : value
}

function readDigits(digits: string): bigint {
  if (digits === '') throw new SyntaxError('no digits')
  if (/^0[bx]$/.test(digits)) throw new SyntaxError('no digits after the prefix')
  if (digits.startsWith('0b') || digits.startsWith('0x')) return BigInt(digits)
  if (digits.startsWith('0') && digits !== '0') return BigInt(`0o${digits.slice(1)}`)
  return digits.split(':').reduce((value, part) => value * 60n + BigInt(part), 0n)
}

function readFloat(source: string): number {
  const [negative, digits] = splitSign(source.toLowerCase())
  const value = readFraction(digits)
  return negative ? -value : value
}

function readFraction(digits: string): number {
  if (digits === '.inf') return Infinity
  if (digits === '.nan') return NaN
  let value = 0
  let base = 1
  for (const part of digits.split(':').reverse()) {
    value += Number(part) * base
    base *= 60
  }
  return value
}
