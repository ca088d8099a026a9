import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PollsterError } from '../../../src/errors.js'
import { wireFloat, wireJson, type WireValue } from '../../../src/sample/wire-value.js'
import { anyMetadata } from '../../support/samples.js'
import { parseWire } from '../../support/wire-parser.js'

describe('wireJson', () => {
  it.each<[string, WireValue]>([
    ['"plain"', 'plain'],
    ['"vm-\\u017c1"', 'vm-ż1'],
    ['"\\ud83d\\ude00"', '😀'],
    ['"\\ud800"', '\ud800'],
    ['"\\u007f"', '\u007f'],
    ['"a/b\\"c\\\\d\\n\\t\\u0001"', 'a/b"c\\d\n\t\u0001'],
    ['512', 512],
    ['512.0', wireFloat(512)],
    ['1e-07', wireFloat(1e-7)],
    ['0.1', 0.1],
    ['18446744073709551615', 18446744073709551615n],
    ['null', null],
    ['[1,[true,false],{}]', [1, [true, false], {}]],
    ['{"b":1,"a":{"\\u017c":null}}', { b: 1, a: { ż: null } }],
  ])('writes %s', (json, value) => {
    expect(wireJson(value)).toBe(json)
  })

  it('reads back as the very same value, floats and big integers told apart', () => {
    fc.assert(
      fc.property(anyMetadata, (metadata) => {
        const json = wireJson(metadata)
        expect(json).toMatch(/^[ -~]*$/)
        expect(wireJson(parseWire(json))).toBe(json)
        expect(JSON.parse(json)).toEqual(rounded(metadata))
      }),
    )
  })

  it.each<[string, unknown]>([
    ['a number that is not finite', { deep: [NaN] }],
    ['a float that is not finite', wireFloat(-Infinity)],
    ['undefined', { missing: undefined }],
    ['a function', [() => 1]],
  ])('refuses %s', (_what, value) => {
    expect(() => wireJson(value as WireValue)).toThrow(PollsterError)
  })
})

/** What JSON.parse makes of it: every integer a float. */
function rounded(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (Object.is(value, -0)) return 0
  if (Array.isArray(value)) return value.map(rounded)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, rounded(member)]))
}
