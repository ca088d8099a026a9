import { ConfigFileError, Faults } from './faults.js'
import { readTextFile } from './read-file.js'
import { composeYaml } from './yaml.js'
import type { YamlNode } from './yaml-node.js'

/** A YAML file whose values have places; what they mean is not looked at yet. */
export interface YamlFile {
  /** Undefined for a file without a value. */
  readonly root: YamlNode | undefined
  readonly faults: Faults
  /** Permission bits of the file. */
  readonly mode: number
}

/** A file to read, how messages name it, and what to do when it does not exist. */
export interface FileRequest {
  readonly file: string
  readonly shown: string
  readonly ifMissing: string
}

/**
 * Reads one YAML file. A file that cannot be read or is no YAML throws a ConfigFileError at once; what is wrong in YAML
 * that can be read on (a duplicate key) waits in `faults`, so that the caller's findings stand beside it.
 */
export async function readYamlFile({ file, shown, ifMissing }: FileRequest): Promise<YamlFile> {
  const read = await readTextFile(file)
  if ('fault' in read) {
    const advice = read.missing ? `; ${ifMissing}` : ''
    throw new ConfigFileError(shown, [
      { severity: 'error', text: `${shown}: the file ${read.fault}${advice}` },
    ])
  }
  return decodeYaml(read, shown)
}

/** As readYamlFile, from what was read. */
export function decodeYaml({ text, mode }: { text: string; mode: number }, shown: string): YamlFile {
  const { root, faults: yamlFaults } = composeYaml(text)
  const faults = new Faults(shown, text, root)
  for (const { offset, text: fault } of yamlFaults) faults.errorAt(offset, fault)
  if (root === undefined) faults.throwIfErrors()
  return { root, faults, mode }
}
