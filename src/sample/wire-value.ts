import { PollsterError } from '../errors.js'
import { pythonFloat, pythonInt } from './python-number.js'

const float = Symbol('float')

/** A float that is one on the wire also when it is integral: `wireFloat(512)` is `512.0`. */
export interface WireFloat {
  readonly [float]: number
}

export function wireFloat(value: number): WireFloat {
  return { [float]: value }
}

/** The number in a WireFloat. */
export function floatValue(value: WireFloat): number {
  return value[float]
}

export function isWireFloat(value: WireValue): value is WireFloat {
  return typeof value === 'object' && value !== null && float in value
}

/** What a message of the wire holds. A plain number is an int where it is integral and a float where it is not. */
export type WireValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | WireFloat
  | readonly WireValue[]
  | { readonly [key: string]: WireValue }

/** A number as both the JSON and the signature of a message have it. */
export function numberText(value: number | bigint): string {
  return typeof value === 'bigint' || Number.isInteger(value) ? pythonInt(value) : pythonFloat(value)
}

/**
 * Compact JSON in ASCII alone, which reads back in Python as the same ints, floats and strings.
 *
 * @throws PollsterError for a number that is not finite and for anything else that JSON cannot say.
 */
export function wireJson(value: WireValue): string {
  if (typeof value === 'string') return jsonString(value)
  if (typeof value === 'number') return finite(value, numberText(value))
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value)
  if (typeof value === 'object') return objectJson(value)
  throw unsayable(typeof value)
}

const needsNoEscape = /^[ !#-[\]-~]*$/
const beyondAscii = /[\u007f-\uffff]/g

/** A JSON string as Python writes it: `\uXXXX` in lower case for all that is not printable ASCII. */
export function jsonString(text: string): string {
  if (needsNoEscape.test(text)) return `"${text}"`
  return JSON.stringify(text).replace(beyondAscii, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

/** One member of a JSON object: `"key":value`. */
export function jsonMember(key: string, value: WireValue): string {
  return `${jsonString(key)}:${wireJson(value)}`
}

function objectJson(value: Extract<WireValue, object> | null): string {
  if (value === null) return 'null'
  if (isWireFloat(value)) return finite(value[float], pythonFloat(value[float]))
  if (isList(value)) return `[${value.map(wireJson).join(',')}]`
  return `{${Object.entries(value)
    .map(([key, member]) => jsonMember(key, member))
    .join(',')}}`
}

/** Array.isArray that also narrows a readonly array. */
export function isList(value: Extract<WireValue, object>): value is readonly WireValue[] {
  return Array.isArray(value)
}

function finite(value: number, text: string): string {
  if (!Number.isFinite(value)) throw unsayable(text)
  return text
}

function unsayable(what: string): PollsterError {
  return new PollsterError(
    'POLLSTER_FAILED',
    `a sample holds ${what}, which JSON cannot say; its pollster must give a finite number, text, true, false, null, a list or an object`,
  )
}
