import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'

/** A folder of `test/cases`: what came in and what must come out, one file each. */
export interface CaseFolder {
  readonly name: string
  readonly path: string
  /** The text of a file of the folder; throws when there is none. */
  read(file: string): string
  /** The parsed JSON of a file of the folder, or the default when there is none. */
  readJson<T>(file: string, otherwise?: T): T
}

const root = fileURLToPath(new URL('../cases/', import.meta.url))

/** The cases of one kind, by name. Throws when there is none: a table of cases that is empty proves nothing. */
export function caseFolders(kind: string): readonly CaseFolder[] {
  const folders = readdirSync(join(root, kind), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
  if (folders.length === 0) throw new Error(`no case in ${join(root, kind)}`)
  return folders.map((name) => caseFolder(name, join(root, kind, name)))
}

function caseFolder(name: string, path: string): CaseFolder {
  const read = (file: string) => readFileSync(join(path, file), 'utf8')
  return {
    name,
    path,
    read,
    readJson: <T>(file: string, otherwise?: T) =>
      otherwise !== undefined && !existsSync(join(path, file)) ? otherwise : (JSON.parse(read(file)) as T),
  }
}

/**
 * Compares a value with a JSON file of the folder, order of keys included. With UPDATE_CASES=1 the file is written
 * instead: read its difference before you commit it.
 */
export function expectCase(folder: CaseFolder, file: string, value: unknown): void {
  const text = `${JSON.stringify(value, writable, 2)}\n`
  const path = join(folder.path, file)
  if (process.env['UPDATE_CASES'] === '1') writeFileSync(path, text)
  expect(text).toBe(existsSync(path) ? folder.read(file) : `no ${path}; write it with UPDATE_CASES=1`)
}

/** What JSON cannot say, said: bigints, maps, and what is undefined. */
function writable(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `${String(value)}n`
  if (value instanceof Map) return Object.fromEntries(value as Map<string, unknown>)
  if (value instanceof Set) return [...(value as Set<unknown>)]
  return value
}
