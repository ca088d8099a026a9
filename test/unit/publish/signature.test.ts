import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  byteText,
  compareCodePoints,
  createSigner,
  pairsText,
  signature,
  signedPairs,
} from '../../../src/publish/signature.js'
import { signatureVectors } from '../../support/golden-wire.js'
import { parseWireObject } from '../../support/wire-parser.js'

describe('the signature of a message', () => {
  it.each(signatureVectors())('is the one that ceilometer computed: $name', (vector) => {
    const message = parseWireObject(vector.messageJson)
    expect([...signedPairs(message)]).toEqual(vector.pairs)
    expect(pairsText(signedPairs(message))).toBe(vector.hmacInput)
    expect(signature(message, vector.secret)).toBe(vector.signature)
  })

  it('is empty when there is no secret', () => {
    expect(signature({ counter_name: 'cpu' }, '')).toBe('')
  })
})

describe('a signer', () => {
  it('gives the HMAC-SHA256 of what the parts are together, for secrets and parts of any length', () => {
    const text = fc.string({ unit: 'binary', maxLength: 200 })
    const secret = fc.oneof(text, fc.string({ minLength: 63, maxLength: 66 })).filter((key) => key !== '')
    fc.assert(
      fc.property(secret, fc.array(fc.array(text), { minLength: 1 }), (key, texts) => {
        const sign = createSigner(key)
        for (const parts of texts) {
          const expected = createHmac('sha256', key).update(parts.join('')).digest('hex')
          expect(sign(parts.map(byteText))).toBe(expected)
        }
      }),
    )
  })
})

describe('the order of names', () => {
  it('is that of Python at every level of a message', () => {
    const one = { '\u{1f600}': 1, '\uff5e': 2 }
    const two = { '\u{1f600}': 'a', '\uff5e': 'b', z: one }
    const message = { '\u{1f600}': 'c', '\uff5e': 'd', counter_name: 'x', l: [one], resource_metadata: two }
    // By ceilometer's compute_signature.
    expect(signature(message, 'secret')).toBe(
      '6c03988001c4078054087664e305d62afd2a23ee35f7651f6ca1dc1a0ce554fb',
    )
  })

  it('is that of code points, where JavaScript sorts by UTF-16 unit', () => {
    const names = ['\u{1f600}', '\uff5e', 'b', 'a!', '\u{1f600}a', 'a', '', 'B', '\ue000', '\u{1f601}']
    const sorted = ['', 'B', 'a', 'a!', 'b', '\ue000', '\uff5e', '\u{1f600}', '\u{1f600}a', '\u{1f601}']
    expect([...names].sort(compareCodePoints)).toEqual(sorted)
    expect([...names].sort()).not.toEqual(sorted)
  })
})
