import { crc32 } from 'node:zlib'
import type { Notification } from './publisher.js'

/** The first line of a file. */
interface Header {
  readonly virtpoll: 'notification'
  readonly version: 1
  readonly messageId: string
  /** Milliseconds since the Unix epoch. */
  readonly createdAtMs: number
  readonly sampleCount: number
  /** Of `samplesJson`, which follows the line feed and ends the file. */
  readonly bytes: number
  /** Of the same, eight hex digits. */
  readonly crc32: string
}

/** A line of JSON that says what the file is and what it must hold, then the samples as they go on the wire. */
export function encodeFile(notification: Notification): Buffer {
  const payload = Buffer.from(notification.samplesJson, 'latin1')
  const header: Header = {
    virtpoll: 'notification',
    version: 1,
    messageId: notification.messageId,
    createdAtMs: notification.createdAt.wallMs,
    sampleCount: notification.sampleCount,
    bytes: payload.length,
    crc32: checksum(payload),
  }
  return Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), payload])
}

/** What keeps a file from being a notification, in words for a person. */
export interface Damage {
  readonly damage: string
}

const lineFeed = 0x0a
const blockBytes = 4096
/** The latest moment that a Date can hold. */
const latestMs = 8.64e15
/** No header is longer. */
const headerBytes = 256

/** What a file with so many bytes of samples takes of a disk: whole blocks. */
export function diskBytes(samplesBytes: number): number {
  return Math.ceil((headerBytes + samplesBytes) / blockBytes) * blockBytes
}

/** @param monotonicSeconds when it was put in, on this process's clock. */
export function decodeFile(file: Buffer, monotonicSeconds: number): Notification | Damage {
  const end = file.indexOf(lineFeed)
  const header = end === -1 ? undefined : headerOf(file.toString('utf8', 0, end))
  if (header === undefined) return { damage: 'its first line is no header of a notification' }
  const payload = file.subarray(end + 1)
  if (payload.length !== header.bytes)
    return { damage: `it holds ${payload.length} bytes of samples where its header says ${header.bytes}` }
  if (checksum(payload) !== header.crc32)
    return { damage: 'its samples do not have the checksum of its header' }
  const { messageId, sampleCount, createdAtMs: wallMs } = header
  return {
    ...{ messageId, sampleCount, createdAt: { wallMs, monotonicSeconds } },
    samplesJson: payload.toString('latin1'),
  }
}

function checksum(payload: Buffer): string {
  return crc32(payload).toString(16).padStart(8, '0')
}

function headerOf(line: string): Header | undefined {
  try {
    const parsed: unknown = JSON.parse(line)
    return isHeader(parsed) ? parsed : undefined
  } catch {
    return undefined
  }
}

function isHeader(parsed: unknown): parsed is Header {
  if (typeof parsed !== 'object' || parsed === null) return false
  const {
    virtpoll,
    version,
    messageId,
    createdAtMs,
    sampleCount,
    bytes,
    crc32: sum,
  } = parsed as Partial<Header>
  return (
    virtpoll === 'notification' &&
    version === 1 &&
    [messageId, sum].every((field) => typeof field === 'string') &&
    [createdAtMs, sampleCount, bytes].every((field) => Number.isSafeInteger(field) && Number(field) >= 0) &&
    Number(createdAtMs) <= latestMs
  )
}
