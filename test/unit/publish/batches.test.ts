import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { batches, messagesOf } from '../../../src/publish/batches.js'

const roomy = { batchSize: 50, batchBytes: 1 << 20 }
const message = (length: number) => `{"a":"${'x'.repeat(length - '{"a":""}'.length)}"}`
const sizes = (found: Iterable<{ readonly sampleCount: number }>) =>
  Array.from(found, ({ sampleCount }) => sampleCount)

describe('batches', () => {
  it.each([
    { samples: 120, batchSize: 50, expected: [50, 50, 20] },
    { samples: 100, batchSize: 50, expected: [50, 50] },
    { samples: 3, batchSize: 0, expected: [1, 1, 1] },
    { samples: 3, batchSize: 1, expected: [1, 1, 1] },
    { samples: 0, batchSize: 50, expected: [] },
  ])('of $samples samples by $batchSize hold $expected', ({ samples, batchSize, expected }) => {
    const messages = Array.from({ length: samples }, () => '{}')
    expect(sizes(batches(messages, { ...roomy, batchSize }))).toEqual(expected)
  })

  it('are closed before they outgrow the bytes', () => {
    const messages = [message(40), message(40), message(40)]
    const twoTogether = `[${message(40)},\n${message(40)}]`.length
    expect(sizes(batches(messages, { batchSize: 50, batchBytes: twoTogether }))).toEqual([2, 1])
    expect(sizes(batches(messages, { batchSize: 50, batchBytes: twoTogether - 1 }))).toEqual([1, 1, 1])
  })

  it('let a sample that is larger than the limit go alone', () => {
    const messages = [message(20), message(500), message(20), message(20)]
    expect(sizes(batches(messages, { batchSize: 50, batchBytes: 100 }))).toEqual([1, 1, 2])
  })

  it('are JSON arrays that hold every message once, in order and within the limits', () => {
    const json = fc.dictionary(fc.string(), fc.string()).map((value) => JSON.stringify(value))
    const limits = fc.record({ batchSize: fc.nat(6), batchBytes: fc.nat(200) })
    fc.assert(
      fc.property(fc.array(json), limits, (messages, { batchSize, batchBytes }) => {
        const found = [...batches(messages, { batchSize, batchBytes })]
        expect(found.flatMap(messagesOf)).toEqual(messages)
        expect(found.flatMap(({ samplesJson }) => JSON.parse(samplesJson) as unknown[])).toEqual(
          messages.map((text) => JSON.parse(text) as unknown),
        )
        for (const { samplesJson, sampleCount } of found) {
          expect(sampleCount).toBeLessThanOrEqual(Math.max(1, batchSize))
          if (sampleCount > 1) expect(samplesJson.length).toBeLessThanOrEqual(batchBytes)
        }
      }),
    )
  })

  it('hand a pause on at once and go on gathering after it', () => {
    const found = [...batches(['1', undefined, '2', '3', undefined, '4'], { ...roomy, batchSize: 2 })]
    expect(found).toEqual([
      undefined,
      { samplesJson: '[1,\n2]', sampleCount: 2 },
      undefined,
      { samplesJson: '[3,\n4]', sampleCount: 2 },
    ])
  })

  it('are made one at a time, from no more messages than they need', () => {
    let read = 0
    function* endless() {
      for (;;) {
        read += 1
        yield '{}'
      }
    }
    const found = batches(endless(), { ...roomy, batchSize: 10 })
    expect(read).toBe(0)
    found.next()
    expect(read).toBeLessThanOrEqual(11)
  })
})
