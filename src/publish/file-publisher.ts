import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { DestinationError, toError } from '../errors.js'
import { messagesOf } from './batches.js'
import { createLocalPublisher } from './local-publisher.js'
import type { Publisher } from './publisher.js'

const appending = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT
const ownerOnly = 0o600
const lineFeed = 0x0a

/**
 * Appends samples to a file of JSON lines: one meter message a line, with exactly the wire's keys. The file is
 * created with mode 0600 when it is not there; its directory must exist.
 *
 * It is opened anew for each notification, so it can be moved away at any time (logrotate needs no signal), and its
 * data are synced before `publish` resolves. A write that fails is taken back; the half line of a process that died
 * in mid-write is ended before anything follows it. A notification that is sent again is written again, so whoever
 * reads the file tells copies by `message_id`.
 *
 * Rejects with a DestinationError FILE_UNWRITABLE.
 *
 * @param path absolute.
 */
export function createFilePublisher(path: string): Publisher {
  return createLocalPublisher({
    name: `file ${path}`,
    write: (notification) => {
      const lines = `${messagesOf(notification).join('\n')}\n`
      return withFile(path, (file) => append(file, Buffer.from(lines)))
    },
    probe: () => withFile(path, () => Promise.resolve()),
  })
}

async function withFile(path: string, work: (file: FileHandle) => Promise<void>): Promise<void> {
  try {
    const file = await open(path, appending, ownerOnly)
    try {
      await work(file)
    } finally {
      await file.close()
    }
  } catch (thrown) {
    const cause = toError(thrown)
    throw new DestinationError(
      'FILE_UNWRITABLE',
      `samples cannot be appended to ${path}: ${cause.message}; see that its directory exists, that this user may read and write it and that there is room`,
      { details: { path }, cause },
    )
  }
}

async function append(file: FileHandle, lines: Buffer): Promise<void> {
  const before = await file.stat()
  if (!before.isFile()) {
    await file.appendFile(lines)
    return
  }
  try {
    await file.appendFile(
      (await endsInHalfLine(file, before.size)) ? Buffer.concat([Buffer.of(lineFeed), lines]) : lines,
    )
    await file.datasync()
  } catch (error) {
    await file.truncate(before.size).catch(() => undefined)
    throw error
  }
}

async function endsInHalfLine(file: FileHandle, size: number): Promise<boolean> {
  if (size === 0) return false
  const { bytesRead, buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1)
  return bytesRead === 1 && buffer[0] !== lineFeed
}
