import type { Spot } from './kinds.js'
import { didYouMean } from './suggest.js'
import { describeNode } from './yaml-node.js'
import type { MappingNode, ScalarNode } from './yaml-node.js'

interface KnownKey {
  readonly key: string
  /** It may stand there and has no use. */
  readonly unused?: boolean
}

/**
 * An error for every key that is not known, a warning for one that has no use here.
 *
 * @param elsewhere what to say of a key that has its place in another mapping
 */
export function reportKeys(
  node: MappingNode,
  { path, faults }: Spot,
  known: readonly KnownKey[],
  elsewhere: (key: string) => string | undefined = () => undefined,
): void {
  for (const { key } of node.entries) {
    const found = known.find((one) => one.key === key.value)
    const remark = { path: [...path, key.source], at: key.offset }
    const hint = elsewhere(key.source) ?? nearbyHint(key, known)
    if (found === undefined) faults.error({ ...remark, text: `unknown key${hint}` })
    else if (found.unused === true) faults.warning({ ...remark, text: 'is not used by this agent' })
  }
}

function nearbyHint(key: ScalarNode, known: readonly KnownKey[]): string {
  const names = known.map((one) => one.key)
  if (typeof key.value !== 'string') return `, ${describeNode(key)}; keys are text`
  return didYouMean(key.source, names) || `; there are: ${names.join(', ')}`
}
