import { crc32 } from 'node:zlib'
import type { Notification } from './publisher.js'

/** The first line of a file; its checksum stands behind these. */
interface Header {
  readonly virtpoll: 'notification'
  readonly version: typeof formatVersion
  readonly messageId: string
  /** Milliseconds since the Unix epoch. */
  readonly createdAtMs: number
  readonly sampleCount: number
  /** Of `samplesJson`, which follows the line feed and ends the file. */
  readonly bytes: number
}

const formatVersion = 1

/**
 * A line of JSON that says what the file is and what it must hold, then the samples as they go on the wire. The line's
 * last key is the CRC-32 of all that stands before it and all that comes after the line, in eight hex digits.
 */
export function encodeFile(notification: Notification): Buffer {
  const { messageId, createdAt, sampleCount, samplesJson } = notification
  const header: Header = {
    virtpoll: 'notification',
    version: formatVersion,
    messageId,
    createdAtMs: createdAt.wallMs,
    sampleCount,
    bytes: samplesJson.length,
  }
  const start = JSON.stringify(header).slice(0, -1)
  const payloadAt = Buffer.byteLength(start) + sumMember('').length + checksumDigits
  const file = Buffer.allocUnsafe(payloadAt + samplesJson.length)
  const startEnd = file.write(start)
  file.write(samplesJson, payloadAt, 'latin1')
  file.write(sumMember(checksum(file.subarray(0, startEnd), file.subarray(payloadAt))), startEnd)
  return file
}

const checksumDigits = 8

/** The last member of the header, and the end of the line. */
function sumMember(sum: string): string {
  return `,"crc32":"${sum}"}\n`
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
  const [, start = '', sum] = headerLine.exec(file.toString('latin1', 0, Math.max(end, 0))) ?? []
  const header = headerOf(`${start}}`)
  if (header === undefined) return { damage: 'its first line is no header of a notification' }
  if (header.version !== formatVersion)
    return { damage: `it has version ${header.version} where this virtpoll reads version ${formatVersion}` }
  const payload = file.subarray(end + 1)
  if (payload.length !== header.bytes)
    return { damage: `it holds ${payload.length} bytes of samples where its header says ${header.bytes}` }
  if (checksum(Buffer.from(start, 'latin1'), payload) !== sum)
    return { damage: 'it does not have the checksum that it names' }
  const { messageId, sampleCount, createdAtMs: wallMs } = header
  return {
    ...{ messageId, sampleCount, createdAt: { wallMs, monotonicSeconds } },
    samplesJson: payload.toString('latin1'),
  }
}

/** All but the checksum, and the checksum. */
const headerLine = /^(\{.*),"crc32":"([0-9a-f]{8})"\}$/

function checksum(headerStart: Buffer, payload: Buffer): string {
  return crc32(payload, crc32(headerStart)).toString(16).padStart(checksumDigits, '0')
}

type AnyVersion = Omit<Header, 'version'> & { readonly version: number }

function headerOf(line: string): AnyVersion | undefined {
  try {
    const parsed: unknown = JSON.parse(line)
    return isHeader(parsed) ? parsed : undefined
  } catch {
    return undefined
  }
}

function isHeader(parsed: unknown): parsed is AnyVersion {
  if (typeof parsed !== 'object' || parsed === null) return false
  const { virtpoll, version, messageId, createdAtMs, sampleCount, bytes } = parsed as Partial<AnyVersion>
  const figures = [version, createdAtMs, sampleCount, bytes]
  return (
    virtpoll === 'notification' &&
    typeof messageId === 'string' &&
    figures.every((figure) => Number.isSafeInteger(figure) && Number(figure) >= 0) &&
    Number(createdAtMs) <= latestMs
  )
}
