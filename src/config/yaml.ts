import { EVENT_ID, getScalarValue, parseEvents, SCALAR_STYLE, YAMLException, COLLECTION_STYLE } from 'js-yaml'
import type { AliasEvent, Event, MappingEvent, ScalarEvent, SequenceEvent } from 'js-yaml'
import { Lines } from './locate.js'
import type { Entry, MappingNode, ScalarNode, SequenceNode, YamlNode } from './yaml-node.js'
import { yamlAdvice } from './yaml-advice.js'
import { resolvePlain, resolveTagged } from './yaml-scalars.js'
import type { Resolved } from './yaml-scalars.js'

export interface YamlFault {
  readonly offset: number
  readonly text: string
}

export interface Composed {
  /** Undefined for an empty document, and where the text is no YAML at all. */
  readonly root: YamlNode | undefined
  readonly faults: readonly YamlFault[]
}

/** Most values that a file may stand for once its aliases are followed: a bound for "billion laughs". */
const mostValues = 20_000

/**
 * The values of a YAML text, each with its place: scalars as PyYAML's safe_load resolves them, aliases followed, `<<`
 * merged as YAML 1.1 has it. Every fault is collected: a text that is not YAML, a duplicate key, an alias without its
 * anchor or inside it, a second document, a tag that has no place in a configuration. Never throws.
 */
export function composeYaml(text: string): Composed {
  let events: readonly Event[]
  try {
    events = parseEvents(text, {})
  } catch (error) {
    const offset = error instanceof YAMLException ? (error.mark?.position ?? 0) : 0
    const reason = error instanceof YAMLException ? error.reason : String(error)
    return {
      root: undefined,
      faults: [{ offset, text: `this is not YAML: ${reason}; ${yamlAdvice(text, offset)}` }],
    }
  }
  return new Composer(text).compose(events)
}

/** A node and how many values it stands for, aliases followed. */
interface Weighed {
  readonly node: YamlNode
  readonly weight: number
}

/** A collection that is still being filled. */
interface Open {
  readonly node:
    (SequenceNode & { readonly items: YamlNode[] }) | (MappingNode & { readonly entries: Entry[] })
  readonly anchor: string | undefined
  readonly block: boolean
  readonly merges: MappingNode[]
  readonly keys: Map<string, ScalarNode>
  key: YamlNode | undefined
  weight: number
}

class Composer {
  readonly #text: string
  readonly #lines: Lines
  readonly #faults: YamlFault[] = []
  readonly #open: Open[] = []
  readonly #anchors = new Map<string, Weighed>()
  #documents = 0
  #root: YamlNode | undefined
  /** Where the last thing with a place in the text ended. */
  #end = 0

  constructor(text: string) {
    this.#text = text
    this.#lines = new Lines(text)
  }

  compose(events: readonly Event[]): Composed {
    for (const event of events) {
      if (!this.#take(event)) break
    }
    return { root: this.#root, faults: this.#faults }
  }

  /** False when there is no use in reading on. */
  #take(event: Event): boolean {
    switch (event.type) {
      case EVENT_ID.DOCUMENT:
        this.#documents += 1
        return true
      case EVENT_ID.SCALAR:
        return this.#takeScalar(event)
      case EVENT_ID.ALIAS:
        return this.#takeAlias(event)
      case EVENT_ID.POP:
        return this.#close()
      case EVENT_ID.SEQUENCE:
      case EVENT_ID.MAPPING:
        return this.#takeCollection(event)
    }
  }

  #takeScalar(event: ScalarEvent): boolean {
    const empty = event.valueStart < 0
    const quoted = event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED
    const offset = empty ? this.#emptyOffset(event) : event.valueStart - (quoted ? 1 : 0)
    const source = getScalarValue(this.#text, event)
    if (!empty) this.#end = event.valueEnd + (quoted ? 1 : 0)
    const resolved = this.#resolve(event, source)
    if ('fault' in resolved) this.#fault(event.tagStart < 0 ? offset : event.tagStart, resolved.fault)
    const value = 'fault' in resolved ? source : resolved.value
    const weighed: Weighed = { node: { kind: 'scalar', offset, value, source, empty }, weight: 1 }
    const anchor = this.#slice(event.anchorStart, event.anchorEnd)
    if (anchor !== undefined) this.#anchors.set(anchor, weighed)
    return this.#deliver(weighed, offset)
  }

  #resolve(event: ScalarEvent, source: string): Resolved {
    const plain = event.style === SCALAR_STYLE.PLAIN
    const tag = this.#slice(event.tagStart, event.tagEnd)
    if (tag === undefined) {
      const special = plain && this.#expectsKey() && (source === '<<' || source === '=')
      return plain && !special ? resolvePlain(source) : { value: source }
    }
    // PyYAML resolves a scalar with the tag `!` as if it were plain.
    if (tag === '!') return resolvePlain(source)
    const name = coreTag(tag)
    return name === undefined
      ? { fault: `the tag ${tag} is not known; if it is text, put it in quotes` }
      : resolveTagged(name, source)
  }

  #takeAlias(event: AliasEvent): boolean {
    const offset = event.anchorStart - 1
    this.#end = event.anchorEnd
    const name = this.#text.slice(event.anchorStart, event.anchorEnd)
    if (this.#open.some(({ anchor }) => anchor === name)) {
      return this.#stop(
        offset,
        `*${name} stands inside &${name}, so the value would contain itself; write it out`,
      )
    }
    const target = this.#anchors.get(name)
    if (target === undefined)
      return this.#stop(offset, `*${name} has no anchor &${name} above it; if it is text, put it in quotes`)
    return this.#deliver(target, offset)
  }

  #takeCollection(event: SequenceEvent | MappingEvent): boolean {
    const sequence = event.type === EVENT_ID.SEQUENCE
    const tag = this.#slice(event.tagStart, event.tagEnd)
    if (tag !== undefined && tag !== '!' && coreTag(tag) !== (sequence ? 'seq' : 'map')) {
      this.#fault(event.tagStart, `the tag ${tag} is not used in this file; remove it`)
    }
    this.#end = event.start
    this.#open.push({
      node: sequence
        ? { kind: 'sequence', offset: event.start, items: [] }
        : { kind: 'mapping', offset: event.start, entries: [] },
      anchor: this.#slice(event.anchorStart, event.anchorEnd),
      block: event.style === COLLECTION_STYLE.BLOCK,
      merges: [],
      keys: new Map(),
      key: undefined,
      weight: 1,
    })
    return true
  }

  #close(): boolean {
    const open = this.#open.pop()
    if (open === undefined) return true // the end of a document
    const { node, weight } = open
    if (node.kind === 'mapping') mergeInto(node.entries, open)
    if (open.anchor !== undefined) this.#anchors.set(open.anchor, { node, weight })
    return this.#deliver({ node, weight }, node.offset)
  }

  #deliver(weighed: Weighed, offset: number): boolean {
    const open = this.#open.at(-1)
    if (open === undefined) {
      if (this.#documents > 1)
        return this.#stop(offset, 'a second YAML document begins here; keep one, without `---` inside')
      this.#root = weighed.node
      return true
    }
    open.weight += weighed.weight
    if (open.weight > mostValues) {
      return this.#stop(
        offset,
        `the file stands for more than ${mostValues} values here; write fewer, or fewer aliases`,
      )
    }
    if (open.node.kind === 'sequence') open.node.items.push(weighed.node)
    else if (open.key === undefined) open.key = weighed.node
    else this.#addEntry(open, open.node.entries, weighed.node)
    return true
  }

  #addEntry(open: Open, entries: Entry[], value: YamlNode): void {
    const { key } = open
    open.key = undefined
    if (key === undefined) return
    if (key.kind !== 'scalar') {
      this.#fault(key.offset, 'a list or a mapping cannot be a key')
    } else if (this.#isMergeKey(key)) {
      this.#addMerge(open, key, value)
    } else {
      const first = open.keys.get(identity(key))
      if (first === undefined) {
        open.keys.set(identity(key), key)
        entries.push({ key, value })
      } else this.#duplicate(first, key)
    }
  }

  /** Quoted, `<<` is a key like any other. */
  #isMergeKey(key: ScalarNode): boolean {
    return key.value === '<<' && this.#text[key.offset] === '<'
  }

  #addMerge(open: Open, key: ScalarNode, value: YamlNode): void {
    const merged = value.kind === 'sequence' ? value.items : [value]
    if (open.merges.length > 0)
      this.#fault(key.offset, '<< stands twice in this mapping; write <<: [*one, *other]')
    for (const node of merged) {
      if (node.kind === 'mapping') open.merges.push(node)
      else this.#fault(key.offset, '<< needs the alias of a mapping, or a list of them')
    }
  }

  #duplicate(first: ScalarNode, second: ScalarNode): void {
    const { line, column } = this.#lines.at(first.offset)
    this.#fault(
      second.offset,
      `the key ${JSON.stringify(second.source)} stands here for the second time, the first is at ${line}:${column}; keep one`,
    )
  }

  #expectsKey(): boolean {
    const open = this.#open.at(-1)
    return open?.node.kind === 'mapping' && open.key === undefined
  }

  /** The place of a value that is not there: its tag, its key, or the dash of its list item. */
  #emptyOffset({ tagStart }: ScalarEvent): number {
    if (tagStart >= 0) return tagStart
    const open = this.#open.at(-1)
    if (open?.node.kind === 'mapping') return open.key?.offset ?? this.#end
    const dash = open?.block === true ? this.#text.indexOf('-', this.#end) : -1
    if (dash < 0) return this.#end
    this.#end = dash + 1
    return dash
  }

  #slice(start: number, end: number): string | undefined {
    return start < 0 ? undefined : this.#text.slice(start, end)
  }

  #fault(offset: number, text: string): void {
    this.#faults.push({ offset, text })
  }

  #stop(offset: number, text: string): false {
    this.#fault(offset, text)
    return false
  }
}

/** What is written in the mapping itself holds, then the mapping that is merged first. */
function mergeInto(entries: Entry[], { merges, keys }: Open): void {
  for (const entry of merges.flatMap((merged) => merged.entries)) {
    if (keys.has(identity(entry.key))) continue
    keys.set(identity(entry.key), entry.key)
    entries.push(entry)
  }
}

function identity({ value }: ScalarNode): string {
  return `${typeof value} ${String(value)}`
}

/** `str` for `!!str` and `!<tag:yaml.org,2002:str>`; undefined for anybody's own tag. */
function coreTag(tag: string): string | undefined {
  return /^(?:!!|!<tag:yaml\.org,2002:)(\w+)>?$/.exec(tag)?.[1]
}
