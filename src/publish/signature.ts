import { createHmac, hash } from 'node:crypto'
import { pythonFloat } from '../sample/python-number.js'
import { floatValue, isList, isWireFloat, numberText, type WireValue } from '../sample/wire-value.js'

/**
 * The `message_signature` of a meter message: HMAC-SHA256 in lower-case hex over the names and values of
 * `signedPairs`, one after the other with nothing between them, keyed with the telemetry secret; empty when there
 * is no secret. The format is that of `compute_signature` in ceilometer's `publisher/utils.py`.
 */
export function signature(message: Readonly<Record<string, WireValue>>, secret: string): string {
  if (secret === '') return ''
  return createHmac('sha256', secret)
    .update(pairsText(signedPairs(message)))
    .digest('hex')
}

/** SHA-256, in bytes. */
const blockBytes = 64
const digestBytes = 32

/** Any text as the characters 0 to 255 of its UTF-8 bytes: itself when it is ASCII. */
export function byteText(text: string): string {
  return beyondAscii.test(text) ? Buffer.from(text).toString('latin1') : text
}

const beyondAscii = /[\u0080-\uffff]/

/**
 * A function that signs as `signature` does, for whoever has the signed text of a message at hand, in parts that
 * `byteText` gave. It is HMAC by the definition (RFC 2104) on one-shot hashes: setting up node's Hmac takes longer
 * than hashing a meter message.
 */
export function createSigner(secret: string): (parts: readonly string[]) => string {
  const key = Buffer.from(secret)
  const block = Buffer.alloc(blockBytes)
  block.set(key.length > blockBytes ? hash('sha256', key, 'buffer') : key)
  const outer = Buffer.concat([block.map((byte) => byte ^ 0x5c)], blockBytes + digestBytes)
  let inner = Buffer.from(block.map((byte) => byte ^ 0x36))
  return (parts) => {
    let end = blockBytes
    for (const part of parts) {
      const room = end + part.length
      if (inner.length < room) inner = Buffer.concat([inner.subarray(0, end)], 2 * room)
      end += inner.write(part, end, 'latin1')
    }
    outer.write(hash('sha256', inner.subarray(0, end), 'binary'), blockBytes, 'binary')
    return hash('sha256', outer, 'hex')
  }
}

/** Names and values as the hash takes them in. */
export function pairsText(pairs: Iterable<readonly [string, string]>): string {
  let text = ''
  for (const [name, value] of pairs) text += name + value
  return text
}

/** Every signed name with Python's `str()` of its value, in the order of the signature. */
export function* signedPairs(
  message: Readonly<Record<string, WireValue>>,
): Generator<readonly [string, string]> {
  for (const key of sortedKeys(message)) {
    for (const pair of pairsOf(key, message[key] ?? null)) {
      if (pair[0] !== 'message_signature') yield pair
    }
  }
}

/**
 * The pairs of one member. A dict gives those of its members, named `parent:child` and sorted at each level by
 * themselves, so an empty one gives none; everything else gives one.
 */
export function* pairsOf(name: string, value: WireValue): Generator<readonly [string, string]> {
  if (isDict(value)) {
    for (const key of sortedKeys(value)) yield* pairsOf(`${name}:${key}`, value[key] ?? null)
  } else {
    yield [name, typeof value === 'string' ? value : pythonRepr(value)]
  }
}

/** `repr()` of a value in which ceilometer has made every string a bytes object and sorted every dict. */
function pythonRepr(value: WireValue): string {
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'string') return bytesRepr(value)
  if (typeof value === 'number' || typeof value === 'bigint') return numberText(value)
  if (isWireFloat(value)) return pythonFloat(floatValue(value))
  if (isList(value)) return `[${value.map(pythonRepr).join(', ')}]`
  const members = sortedKeys(value).map((key) => `${bytesRepr(key)}: ${pythonRepr(value[key] ?? null)}`)
  return `{${members.join(', ')}}`
}

const namedEscapes: Readonly<Record<number, string>> = { 9: '\\t', 10: '\\n', 13: '\\r', 92: '\\\\' }

/** `repr()` of a string's UTF-8, for example `b'\xc5\xbc'`. */
function bytesRepr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  let repr = ''
  for (const byte of Buffer.from(text)) {
    const character = String.fromCharCode(byte)
    if (character === quote) repr += `\\${quote}`
    else if (byte in namedEscapes) repr += namedEscapes[byte] ?? ''
    else if (byte < 0x20 || byte >= 0x7f) repr += `\\x${byte.toString(16).padStart(2, '0')}`
    else repr += character
  }
  return `b${quote}${repr}${quote}`
}

function isDict(value: WireValue): value is Readonly<Record<string, WireValue>> {
  return typeof value === 'object' && value !== null && !isWireFloat(value) && !isList(value)
}

function sortedKeys(dict: Readonly<Record<string, WireValue>>): string[] {
  return Object.keys(dict).sort(compareCodePoints)
}

/** The order of Python's strings. JavaScript's own is by UTF-16 unit and puts U+1F600 before U+FF5E. */
export function compareCodePoints(left: string, right: string): number {
  const length = Math.min(left.length, right.length)
  for (let at = 0; at < length; at++) {
    if (left.charCodeAt(at) !== right.charCodeAt(at)) {
      return (left.codePointAt(at) ?? 0) - (right.codePointAt(at) ?? 0)
    }
  }
  return left.length - right.length
}
