import { wireFloat, type WireValue } from '../../src/sample/wire-value.js'

const token =
  /\s*(?:([[\]{},:])|("(?:[^"\\]|\\.)*")|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(true|false|null|NaN|-?Infinity))/y

const words: Readonly<Record<string, WireValue>> = {
  true: true,
  false: false,
  null: null,
  NaN: wireFloat(NaN),
  Infinity: wireFloat(Infinity),
  '-Infinity': wireFloat(-Infinity),
}

/**
 * Reads JSON as Python's json does, which tells `1` from `1.0`, keeps every digit of an integer and knows NaN:
 * a float becomes a WireFloat, an integer a number or a bigint.
 */
export function parseWire(text: string): WireValue {
  const tokens = tokensOf(text)
  const value = readValue(tokens, next(tokens))
  if (!tokens.next().done) throw new SyntaxError(`something follows the value: ${text}`)
  return value
}

/** The same, for a text that holds an object. */
export function parseWireObject(text: string): Readonly<Record<string, WireValue>> {
  return parseWire(text) as Readonly<Record<string, WireValue>>
}

function* tokensOf(text: string): Generator<string, undefined> {
  token.lastIndex = 0
  for (let at = 0; at < text.trimEnd().length; at = token.lastIndex) {
    token.lastIndex = at
    const found = token.exec(text)
    if (found === null) throw new SyntaxError(`no JSON at ${at}: ${text}`)
    const end = token.lastIndex
    yield found[0].trimStart()
    token.lastIndex = end
  }
}

function next(tokens: Iterator<string>): string {
  const result: IteratorResult<string, unknown> = tokens.next()
  if (result.done === true) throw new SyntaxError('the JSON ends too soon')
  return result.value
}

function readValue(tokens: Iterator<string>, first: string): WireValue {
  if (first === '[') return readList(tokens)
  if (first === '{') return readObject(tokens)
  if (first.startsWith('"')) return JSON.parse(first) as string
  const word = words[first]
  if (word !== undefined) return word
  if (!/^-?\d/.test(first)) throw new SyntaxError(`no value: ${first}`)
  if (/[.eE]/.test(first)) return wireFloat(Number(first))
  return Number.isSafeInteger(Number(first)) ? Number(first) : BigInt(first)
}

function readList(tokens: Iterator<string>): WireValue {
  const list: WireValue[] = []
  for (let at = next(tokens); at !== ']'; at = next(tokens)) {
    list.push(readValue(tokens, at === ',' ? next(tokens) : at))
  }
  return list
}

function readObject(tokens: Iterator<string>): WireValue {
  const members: [string, WireValue][] = []
  for (let at = next(tokens); at !== '}'; at = next(tokens)) {
    const key = JSON.parse(at === ',' ? next(tokens) : at) as string
    next(tokens)
    members.push([key, readValue(tokens, next(tokens))])
  }
  return Object.fromEntries(members)
}
