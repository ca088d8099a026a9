import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { toError } from '../../errors.js'
import type { CallStore } from './call-journal.js'

/**
 * Keeps calls in a file: `{"calls":[["<uuid>", …], …]}`, one that waits for a lock as `[]`. It must outlive the process
 * and need not outlive the host, so nothing is synced; a tmpfs is best. Written anew and renamed, so that a kill leaves
 * the old one or the new one. A file that is not there or not readable holds no calls.
 *
 * `onUnwritable` is told once in a row of failures; calls are then made without being recorded.
 */
export function createCallRecordFile(path: string, onUnwritable: (error: Error) => void): CallStore {
  let writable = true
  return {
    load: () => parseCalls(readText(path)),
    save(calls) {
      try {
        mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
        writeFileSync(`${path}.new`, JSON.stringify({ calls }), { mode: 0o600 })
        renameSync(`${path}.new`, path)
        writable = true
      } catch (error) {
        if (writable) onUnwritable(toError(error))
        writable = false
      }
    },
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function parseCalls(text: string): readonly (readonly string[])[] {
  try {
    const { calls } = JSON.parse(text) as { calls?: unknown }
    return Array.isArray(calls) ? calls.filter(isTexts) : []
  } catch {
    return []
  }
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}
