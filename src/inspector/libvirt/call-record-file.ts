import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { toError } from '../../errors.js'
import type { CallStore } from './call-journal.js'

/** The file is begun anew before it gets longer, bytes. */
const mostBytes = 256 * 1024

/** The file while it grows. */
interface RecordFile {
  readonly descriptor: number
  bytes: number
}

/**
 * Keeps calls in a file of lines, of which the last that is whole counts: `{"calls":[["<uuid>", …], …]}`, a call that
 * waits for a lock as `[]`. A process killed in the middle of a line had not yet made the call that it tells of. The file
 * must outlive the process and need not outlive the host, so nothing is synced; a tmpfs is best. One that is not there or
 * not readable holds no calls.
 *
 * `onUnwritable` is told once in a row of failures; calls are then made without being recorded.
 */
export function createCallRecordFile(path: string, onUnwritable: (error: Error) => void): CallStore {
  let record: RecordFile | undefined
  let writable = true
  const close = (): void => {
    if (record !== undefined) closeSync(record.descriptor)
    record = undefined
  }
  return {
    load: () => parseCalls(lastLine(readText(path))),
    save(calls) {
      const line = Buffer.from(`${JSON.stringify({ calls })}\n`)
      try {
        if (record !== undefined && !hasRoom(record, line)) close()
        record ??= begin(path)
        append(record, line)
        // Only with its first line it takes the place of the one before.
        if (record.bytes === line.length) renameSync(`${path}.new`, path)
        writable = true
      } catch (error) {
        close()
        if (writable) onUnwritable(toError(error))
        writable = false
      }
    },
  }
}

function begin(path: string): RecordFile {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  return { descriptor: openSync(`${path}.new`, 'w', 0o600), bytes: 0 }
}

/** Whether it is still to be found, and may have another line. */
function hasRoom({ descriptor, bytes }: RecordFile, line: Buffer): boolean {
  return bytes + line.length <= mostBytes && fstatSync(descriptor).nlink > 0
}

function append(record: RecordFile, line: Buffer): void {
  const written = writeSync(record.descriptor, line)
  record.bytes += written
  if (written < line.length) throw new Error(`${written} of ${line.length} bytes written`)
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** What stands between the last two line breaks. */
function lastLine(text: string): string {
  return text.split('\n').at(-2) ?? ''
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
