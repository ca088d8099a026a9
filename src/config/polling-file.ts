import { deepFreeze } from './freeze.js'
import { misfit, under } from './kinds.js'
import type { Spot } from './kinds.js'
import type { PollingFile, Source } from './options.js'
import { topKeys } from './polling-keys.js'
import { shownPath } from './read-file.js'
import { readSource } from './source.js'
import type { KnownNames } from './source.js'
import { reportKeys } from './unknown-keys.js'
import { describeNode, entryOf } from './yaml-node.js'
import type { YamlNode } from './yaml-node.js'
import { readYamlFile } from './yaml-file.js'
import type { YamlFile } from './yaml-file.js'

export interface PollingRequest {
  /** Absolute. */
  readonly file: string
  /** Messages show the file relative to this folder when it lies beneath. */
  readonly cwd: string
  readonly known: KnownNames
}

/**
 * Reads polling.yaml: ceilometer's file unchanged, and `schedule` in place of `interval`.
 *
 * @throws ConfigFileError with everything that is wrong with the file, each at its place, warnings included
 */
export async function loadPollingFile({ file, cwd, known }: PollingRequest): Promise<PollingFile> {
  const ifMissing =
    'create it, or name another with polling.file in agent.yaml (for check and poll-once: --polling)'
  const yaml = await readYamlFile({ file, shown: shownPath(file, cwd), ifMissing })
  const sources = readSources(yaml, known)
  return deepFreeze({ file, sources, warnings: yaml.faults.findings })
}

/** The sources of a file whose YAML is read. Throws as loadPollingFile does. */
export function readSources({ root, faults }: YamlFile, known: KnownNames): readonly Source[] {
  const top: Spot = { path: [], faults }
  const sources = readTop(root, top, known)
  const named = renameNamesakes(sources, top)
  faults.throwIfErrors()
  return named.filter((source) => source !== undefined)
}

/** As many as the file has entries; undefined for a faulty one. */
function readTop(root: YamlNode | undefined, top: Spot, known: KnownNames): readonly (Source | undefined)[] {
  if (root?.kind !== 'mapping') {
    misfit(top, 'a mapping with the key sources', root === undefined ? 'an empty file' : describeNode(root))
    return []
  }
  reportKeys(root, top, topKeys)
  const entry = entryOf(root, 'sources')
  const spot = under(top, 'sources')
  if (entry === undefined) {
    top.faults.error({ path: [], text: 'the file has no key sources; add it, with a list of sources' })
  } else if (entry.value.kind !== 'sequence') {
    misfit(spot, 'a list of sources', describeNode(entry.value))
  } else if (entry.value.items.length === 0) {
    spot.faults.error({ path: spot.path, text: 'is empty, so nothing would be polled; add a source' })
  } else {
    return entry.value.items.map((node, index) => readSource(node, under(spot, index), known))
  }
  return []
}

/** Delta meters remember by the name of the source, so each gets one of its own. */
function renameNamesakes(
  sources: readonly (Source | undefined)[],
  { faults }: Spot,
): readonly (Source | undefined)[] {
  const seen = new Map<string, number>()
  return sources.map((source, index) => {
    if (source === undefined) return undefined
    const { name } = source
    const first = seen.get(name)
    if (first === undefined) {
      seen.set(name, index)
      return source
    }
    const place = faults.placeOf(['sources', first, 'name']) ?? ''
    const own = freeName(name, seen)
    seen.set(own, index)
    const text = `${JSON.stringify(name)} is the name of the source at ${place} too; this one goes by ${JSON.stringify(own)}`
    faults.warning({ path: ['sources', index, 'name'], text })
    return { ...source, name: own }
  })
}

function freeName(name: string, taken: ReadonlyMap<string, number>): string {
  for (let count = 2; ; count += 1) {
    const own = `${name} (${count})`
    if (!taken.has(own)) return own
  }
}
