import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, stat, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError } from '../errors.js'

/** Who holds a lock, for whoever finds it held. */
export interface LockHolder {
  readonly pid: number
  readonly sinceMs: number
}

/** A folder that this process holds alone. */
export interface FolderLock {
  /** False when the lock file was deleted, or its folder replaced: then it locks nothing any more. */
  isInPlace(): Promise<boolean>
  release(): Promise<void>
}

/** The lock file's name in the folder that it locks. */
export const lockName = 'lock'

/**
 * Locks a folder for as long as this process lives or until `release`. The kernel keeps the lock (flock) and takes it
 * back however the process ends; it holds across containers and process namespaces of one machine.
 *
 * Rejects with a ConfigError OUTBOX_HELD that names the holder, or with the operating system's error.
 */
export async function lockFolder(folder: string, holder: LockHolder): Promise<FolderLock> {
  const path = join(folder, lockName)
  const file = await open(path, 'a+', 0o600)
  try {
    if (!(await flock(file.fd))) throw heldBy(folder, await file.readFile('utf8'))
    await sign(file, holder)
  } catch (error) {
    await file.close()
    throw error
  }
  return {
    async isInPlace() {
      const [ours, there] = await Promise.all([file.stat(), stat(path).catch(() => undefined)])
      return ours.ino === there?.ino && ours.dev === there.dev
    },
    release: () => file.close(),
  }
}

/**
 * Whether the lock was free. Node has no flock; the program of that name (util-linux, busybox) locks the open file that
 * it inherits, and the lock stays with that open file when the program is gone.
 */
async function flock(fd: number): Promise<boolean> {
  const child = spawn('flock', ['-n', '3'], { stdio: ['ignore', 'ignore', 'pipe', fd] })
  let complaint = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (complaint += text))
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  if (code === 0) return true
  if (code === 1 && complaint === '') return false
  throw new Error(`flock ended with ${code ?? String(signal)}: ${complaint.trim()}`)
}

/** A full disk leaves the line empty, which costs only the holder's name. */
async function sign(file: FileHandle, { pid, sinceMs }: LockHolder): Promise<void> {
  await file.truncate(0)
  await file.appendFile(`${pid} ${new Date(sinceMs).toISOString()}\n`).catch(() => undefined)
}

function heldBy(folder: string, line: string): ConfigError {
  const [pid, since] = line.trim().split(' ')
  const who =
    pid === undefined || pid === ''
      ? 'which has not said who it is'
      : `process ${pid}, since ${String(since)}`
  return new ConfigError(
    'OUTBOX_HELD',
    `the outbox ${folder} is held by another agent (${who}); an outbox serves one agent: stop that one, or give ` +
      'this one an outbox.directory of its own in agent.yaml',
    { details: { directory: folder, pid: pid ?? null, since: since ?? null } },
  )
}
