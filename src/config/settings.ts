import { misfit, misread, under } from './kinds.js'
import type { Spot } from './kinds.js'
import {
  discoveryOptions,
  httpOptions,
  libvirtOptions,
  logOptions,
  outboxOptions,
  pollingOptions,
  publisherOptions,
  sampleOptions,
  sections,
  topOptions,
} from './schema.js'
import type { Options, Values } from './schema.js'
import { reportKeys } from './unknown-keys.js'
import { describeNode, entryOf } from './yaml-node.js'
import type { MappingNode, YamlNode } from './yaml-node.js'
import type { YamlFile } from './yaml-file.js'

type Sections = typeof sections
type SectionValues = { readonly [K in keyof Sections]: Values<Sections[K]['options']> }

/** Every option of agent.yaml under its name there, checked by itself; what options mean together is not looked at yet. */
export type Settings = Values<typeof topOptions> &
  Omit<SectionValues, 'publisher'> & {
    /** At least one. */
    readonly publishers: readonly Values<typeof publisherOptions>[]
  }

/** Reads agent.yaml by its schema; a faulty or absent option has its default. Faults are in the file's `faults`. */
export function readSettings({ root, faults }: YamlFile): Settings {
  const top: Spot = { path: [], faults }
  const mapping = mappingOf(root, top)
  if (mapping !== undefined) reportKeys(mapping, top, topKeys, belongsUnder)
  const section = <T extends Options>(key: keyof Sections, options: T): Values<T> =>
    readSection(options, entryOf(mapping, key)?.value, under(top, key))
  return {
    ...readOptions(topOptions, mapping, top),
    libvirt: section('libvirt', libvirtOptions),
    discovery: section('discovery', discoveryOptions),
    polling: section('polling', pollingOptions),
    samples: section('samples', sampleOptions),
    publishers: readPublishers(entryOf(mapping, 'publisher')?.value, under(top, 'publisher')),
    outbox: section('outbox', outboxOptions),
    http: isSwitchedOff(entryOf(mapping, 'http')?.value) ? { listen: null } : section('http', httpOptions),
    log: section('log', logOptions),
  }
}

const topKeys = [...Object.keys(topOptions), ...Object.keys(sections)].map((key) => ({ key }))

/** The one section that has an option of that name, for keys that lost their indentation or stand in another. */
function belongsUnder(key: string): string | undefined {
  const homes = Object.entries(sections).filter(([, { options }]) => Object.hasOwn(options, key))
  return homes.length === 1 ? `; it belongs under ${homes[0]?.[0] ?? ''}` : undefined
}

/** A written `http: null`, unlike a section all whose options are commented out. */
function isSwitchedOff(node: YamlNode | undefined): boolean {
  return node?.kind === 'scalar' && node.value === null && !node.empty
}

function readPublishers(node: YamlNode | undefined, spot: Spot): Settings['publishers'] {
  if (node?.kind !== 'sequence') return [readSection(publisherOptions, node, spot)]
  if (node.items.length === 0) misfit(spot, 'a mapping, or a list of at least one', 'an empty list')
  return node.items.map((item, index) => readSection(publisherOptions, item, under(spot, index)))
}

function readSection<T extends Options>(options: T, node: YamlNode | undefined, spot: Spot): Values<T> {
  const mapping = mappingOf(node, spot)
  const known = Object.keys(options).map((key) => ({ key }))
  if (mapping !== undefined) reportKeys(mapping, spot, known, belongsUnder)
  return readOptions(options, mapping, spot)
}

/** Undefined for what is not there, and for what is no mapping. */
function mappingOf(node: YamlNode | undefined, spot: Spot): MappingNode | undefined {
  if (node === undefined || node.kind === 'mapping') return node
  if (node.kind === 'scalar' && node.value === null) return undefined
  misfit(spot, 'a mapping of options', describeNode(node))
  return undefined
}

function readOptions<T extends Options>(options: T, mapping: MappingNode | undefined, spot: Spot): Values<T> {
  const values = Object.entries(options).map(([key, { kind, fallback }]) => {
    const entry = entryOf(mapping, key)
    const value = entry === undefined ? misread : kind.read(entry.value, under(spot, key))
    return [key, value === misread ? fallback : value]
  })
  return Object.fromEntries(values) as Values<T>
}
