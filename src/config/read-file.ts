import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { relative, sep } from 'node:path'

/** Far beyond any configuration, far below what would hurt. */
const mostBytes = 1024 * 1024

/** A fault completes the sentence "the file …". */
export type ReadResult =
  | { readonly text: string; /** Permission bits. */ readonly mode: number }
  | { readonly fault: string; readonly missing: boolean }

const systemFaults: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist: a part of its path is a file',
  EACCES: 'cannot be read by this user; change its owner, its mode or those of its folder',
  EPERM: 'cannot be read by this user; change its owner, its mode or those of its folder',
  EISDIR: 'is a directory; name the file in it',
  ELOOP: 'is a symbolic link that leads back to itself',
}

/** Reads a regular file of at most 1 MiB of UTF-8 text; a byte order mark is dropped. Never throws. */
export async function readTextFile(file: string): Promise<ReadResult> {
  let handle: FileHandle | undefined
  try {
    // Without O_NONBLOCK a named pipe would hold the process until somebody writes to it.
    handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK)
    const stats = await handle.stat()
    if (stats.isDirectory()) return { fault: 'is a directory; name the file in it', missing: false }
    if (!stats.isFile()) return { fault: 'is not a regular file', missing: false }
    const bytes = await readBounded(handle)
    if (bytes === undefined)
      return { fault: `is longer than ${mostBytes} bytes, which cannot be meant`, missing: false }
    return decode(bytes, stats.mode & 0o777)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    const reason = error instanceof Error ? error.message : String(error)
    return { fault: systemFaults[code] ?? `cannot be read: ${reason}`, missing: code === 'ENOENT' }
  } finally {
    await handle?.close()
  }
}

/** Undefined when there is more than may be. */
async function readBounded(handle: FileHandle): Promise<Buffer | undefined> {
  const buffer = Buffer.alloc(mostBytes + 1)
  let length = 0
  while (length <= mostBytes) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length)
    if (bytesRead === 0) return buffer.subarray(0, length)
    length += bytesRead
  }
  return undefined
}

function decode(bytes: Buffer, mode: number): ReadResult {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes), mode }
  } catch {
    return { fault: 'is not UTF-8 text', missing: false }
  }
}

/** How messages name a file: relative to where the person stands when it lies beneath, else absolute. */
export function shownPath(file: string, cwd: string): string {
  const path = relative(cwd, file)
  return path === '' || path === '..' || path.startsWith(`..${sep}`) ? file : path
}
