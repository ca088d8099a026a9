import type { Scalar } from './yaml-scalars.js'

/** A value of a YAML file with its place. `offset` counts UTF-16 units from the start of the text. */
export type YamlNode = ScalarNode | SequenceNode | MappingNode

export interface ScalarNode {
  readonly kind: 'scalar'
  readonly offset: number
  readonly value: Scalar
  /** As it stands in the file, without quotes. */
  readonly source: string
  /** True where the file has no text for it: `interval:` and nothing after it. */
  readonly empty: boolean
}

export interface SequenceNode {
  readonly kind: 'sequence'
  readonly offset: number
  readonly items: readonly YamlNode[]
}

export interface MappingNode {
  readonly kind: 'mapping'
  readonly offset: number
  /** Merged entries (`<<`) included, where nothing nearer overrides them. */
  readonly entries: readonly Entry[]
}

export interface Entry {
  readonly key: ScalarNode
  readonly value: YamlNode
}

/** The entry under a text key. */
export function entryOf(node: YamlNode | undefined, key: string): Entry | undefined {
  if (node?.kind !== 'mapping') return undefined
  return node.entries.find((entry) => entry.key.value === key)
}

const longestQuote = 60

/** How a message names what was found: `"soon"`, `the number 0`, `nothing`, `a list`. */
export function describeNode(node: YamlNode): string {
  if (node.kind === 'sequence') return 'a list'
  if (node.kind === 'mapping') return 'a mapping'
  const shown = node.source.length > longestQuote ? `${node.source.slice(0, longestQuote)}…` : node.source
  const { value } = node
  if (value === null) return 'nothing'
  if (typeof value === 'string') return JSON.stringify(shown)
  if (typeof value === 'boolean')
    return shown === String(value) ? shown : `${shown} (which YAML reads as ${value ? 'true' : 'false'})`
  return sameNumber(shown, value)
    ? `the number ${shown}`
    : `${shown} (which YAML reads as the number ${value})`
}

function sameNumber(shown: string, value: bigint | number): boolean {
  return String(value) === shown || shown.endsWith('…') || /^[-+]?[1-9]?[0-9]*\.[0-9]*$/.test(shown)
}
