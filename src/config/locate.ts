import { entryOf } from './yaml-node.js'
import type { YamlNode } from './yaml-node.js'

/** Keys and list indexes from the top of a file: `['sources', 0, 'interval']`. */
export type Path = readonly (string | number)[]

/** Lines and columns count from 1; a column is a character, not a byte. */
export interface Place {
  readonly line: number
  readonly column: number
}

/** `sources[0].interval`. */
export function showPath(path: Path): string {
  return path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${part}`))
    .join('')
}

/** Turns offsets into lines and columns. A line ends with LF, CR LF or CR, as in YAML. */
export class Lines {
  readonly #text: string
  readonly #starts: readonly number[]

  constructor(text: string) {
    this.#text = text
    this.#starts = [0, ...Array.from(text.matchAll(/\r\n|\n|\r/g), (found) => found.index + found[0].length)]
  }

  at(offset: number): Place {
    let low = 0
    let high = this.#starts.length - 1
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if ((this.#starts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    const start = this.#starts[low] ?? 0
    return { line: low + 1, column: Array.from(this.#text.slice(start, offset)).length + 1 }
  }
}

/**
 * Where the thing at a path stands in the text: its value, or its key. What is not there is shown at the nearest thing
 * above it that is; undefined when not even that exists.
 */
export function locate(root: YamlNode | undefined, path: Path, what: 'key' | 'value'): number | undefined {
  let node = root
  let keyOffset = root?.offset
  for (const part of path) {
    const entry = typeof part === 'string' ? entryOf(node, part) : undefined
    const next =
      entry?.value ?? (node?.kind === 'sequence' && typeof part === 'number' ? node.items[part] : undefined)
    if (next === undefined) return node?.offset
    keyOffset = entry?.key.offset ?? next.offset
    node = next
  }
  return what === 'key' ? keyOffset : node?.offset
}

/** Whether the file itself says something at that path. */
export function isWritten(root: YamlNode | undefined, path: Path): boolean {
  let node = root
  for (const part of path) {
    if (typeof part === 'string') node = entryOf(node, part)?.value
    else node = node?.kind === 'sequence' ? node.items[part] : undefined
    if (node === undefined) return false
  }
  return true
}
