import {
  chmod,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  stat,
  unlink,
  writeFile,
  type FileHandle,
} from 'node:fs/promises'
import { join } from 'node:path'
import { doneName, sortNames, temporaryName, type FoundFile } from './outbox-names.js'
import { lockFolder, lockName, type FolderLock, type LockHolder } from './outbox-lock.js'

export interface Found {
  /** Oldest first. */
  readonly files: readonly FoundFile[]
  /** Files that an earlier process did not finish; they are gone now. */
  readonly temporaries: number
  /** Files that are none of ours; they are in `damaged/` now. */
  readonly foreign: number
}

/** The files of an outbox. Everything rejects with the operating system's error; nothing is tried twice. */
export interface OutboxFolder {
  readonly path: string
  /** Makes the folder where it is not and locks it. Rejects with a ConfigError when another agent holds it. */
  open(): Promise<void>
  scan(): Promise<Found>
  /** The file is whole or not there; safe from a power cut after `sync`. */
  write(name: string, content: Buffer): Promise<void>
  sync(): Promise<void>
  read(name: string): Promise<Buffer>
  /** Whether the disk that bore it when it was first opened is there: what is missing from it then is gone. */
  isInPlace(): Promise<boolean>
  /** Finds out whether a file can be written. */
  probe(): Promise<void>
  markDone(name: string, destinationKey: string): Promise<void>
  /** It and what says which destinations are done with it. Does nothing when it is not there. */
  remove(name: string, doneBy: readonly string[]): Promise<void>
  /** Moves it to `damaged/`, or keeps a second name of it in `rejected/`; each holds the latest 50 files. */
  setAside(name: string, as: SetAside): Promise<void>
  close(): Promise<void>
}

export type SetAside = 'damaged' | 'rejected'

const ownerOnlyFolder = 0o700
const ownerOnlyFile = 0o600
const mostSetAside = 50

class DiskFolder implements OutboxFolder {
  readonly path: string
  readonly #holder: LockHolder
  #lock: FolderLock | undefined
  /** The number of the disk's device. */
  #device: number | undefined
  #probes = 0

  constructor(path: string, holder: LockHolder) {
    this.path = path
    this.#holder = holder
  }

  async open(): Promise<void> {
    await makeFolder(this.path)
    this.#device ??= (await stat(this.path)).dev
    if (await this.#lock?.isInPlace()) return
    await this.close()
    this.#lock = await lockFolder(this.path, this.#holder)
  }

  async scan(): Promise<Found> {
    const entries = await readdir(this.path, { withFileTypes: true })
    const names = entries.filter((entry) => entry.isFile() && entry.name !== lockName).map(({ name }) => name)
    const { files, temporaries, orphans, foreign } = sortNames(names)
    for (const name of [...temporaries, ...orphans]) await unlink(join(this.path, name))
    for (const name of foreign) await this.setAside(name, 'damaged')
    return { files, temporaries: temporaries.length, foreign: foreign.length }
  }

  async write(name: string, content: Buffer): Promise<void> {
    const temporary = join(this.path, temporaryName(name))
    await withFile(temporary, 'w', async (file) => {
      await file.writeFile(content)
      await file.datasync()
    })
    await rename(temporary, join(this.path, name))
  }

  sync(): Promise<void> {
    return withFile(this.path, 'r', (folder) => folder.sync())
  }

  read(name: string): Promise<Buffer> {
    return readFile(join(this.path, name))
  }

  async isInPlace(): Promise<boolean> {
    const there = await stat(this.path).catch(() => undefined)
    return there !== undefined && there.dev === this.#device
  }

  async probe(): Promise<void> {
    // Who writes and who reads may both be at it.
    const path = join(this.path, temporaryName(`probe-${(this.#probes += 1)}.notification`))
    await withFile(path, 'w', async (file) => {
      await file.writeFile(Buffer.alloc(4096))
      await file.datasync()
    })
    await unlink(path)
  }

  async markDone(name: string, destinationKey: string): Promise<void> {
    await writeFile(join(this.path, doneName(name, destinationKey)), '', { mode: ownerOnlyFile })
  }

  async remove(name: string, doneBy: readonly string[]): Promise<void> {
    // The file first: a mark without its file is swept at the next start, a file without its mark is sent again.
    for (const one of [name, ...doneBy.map((key) => doneName(name, key))])
      await unlink(join(this.path, one)).catch(unlessMissing)
  }

  async setAside(name: string, as: SetAside): Promise<void> {
    const aside = join(this.path, as)
    await makeFolder(aside)
    const put = as === 'damaged' ? rename : link
    await put(join(this.path, name), join(aside, name)).catch(unlessAside)
    const oldest = (await readdir(aside)).toSorted().slice(0, -mostSetAside)
    for (const one of oldest) await unlink(join(aside, one))
  }

  async close(): Promise<void> {
    await this.#lock?.release()
    this.#lock = undefined
  }
}

async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: ownerOnlyFolder })
  // Somebody else's folder that we may write keeps its mode; the files are ours alone all the same.
  await chmod(path, ownerOnlyFolder).catch(() => undefined)
}

async function withFile(
  path: string,
  flags: 'r' | 'w',
  work: (file: FileHandle) => Promise<void>,
): Promise<void> {
  const file = await open(path, flags, ownerOnlyFile)
  try {
    await work(file)
  } finally {
    await file.close()
  }
}

function unlessMissing(error: unknown): void {
  if (!isMissing(error)) throw error
}

/** It has its second name when another destination refused it too, or a run died before it removed the first. */
function unlessAside(error: unknown): void {
  if (!isMissing(error) && !hasCode(error, 'EEXIST')) throw error
}

export function isMissing(error: unknown): boolean {
  return hasCode(error, 'ENOENT')
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

/**
 * A folder on a local disk. Folders have mode 0700 and files 0600.
 *
 * @param path absolute.
 */
export function createOutboxFolder(path: string, holder: LockHolder): OutboxFolder {
  return new DiskFolder(path, holder)
}
