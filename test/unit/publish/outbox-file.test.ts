import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeFile, diskBytes, encodeFile } from '../../../src/publish/outbox-file.js'
import { doneName, fileName, sortNames, temporaryName } from '../../../src/publish/outbox-names.js'
import { notificationOf } from '../../support/disk-outbox.js'

const whole = encodeFile(notificationOf('5f2ad5e2-7c2b-4a52-9d7c-5f4bb4f1f6d7', 5000))

describe('the file of a notification', () => {
  it('gives back what was written, its time on the clock of this run', () => {
    const { createdAt, ...rest } = notificationOf('5f2ad5e2-7c2b-4a52-9d7c-5f4bb4f1f6d7', 5000)
    const read = decodeFile(whole, 77)
    expect(read).toEqual({ ...rest, createdAt: { wallMs: createdAt.wallMs, monotonicSeconds: 77 } })
  })

  it('says in its first line what it is', () => {
    const [header = ''] = whole.toString().split('\n')
    expect(JSON.parse(header)).toEqual({
      virtpoll: 'notification',
      version: 1,
      messageId: '5f2ad5e2-7c2b-4a52-9d7c-5f4bb4f1f6d7',
      createdAtMs: Date.UTC(2026, 0, 1),
      sampleCount: 2,
      bytes: 5000,
      crc32: expect.stringMatching(/^[0-9a-f]{8}$/) as string,
    })
  })

  it('is known to be damaged wherever it ends too early', () => {
    fc.assert(
      fc.property(fc.nat(whole.length - 1), (length) => 'damage' in decodeFile(whole.subarray(0, length), 0)),
      { numRuns: 500 },
    )
  })

  it('is known to be damaged whichever bit of its first line or its samples is another', () => {
    const firstLine = whole.indexOf('\n') + 1
    const isDamaged = (place: number, bit: number): boolean => {
      const bitten = Buffer.from(whole)
      bitten[place]! ^= 1 << bit
      return 'damage' in decodeFile(bitten, 0)
    }
    for (let place = 0; place < firstLine; place += 1)
      for (let bit = 0; bit < 8; bit += 1)
        expect([place, bit, isDamaged(place, bit)]).toEqual([place, bit, true])
    const places = fc.integer({ min: firstLine, max: whole.length - 1 })
    fc.assert(fc.property(places, fc.nat(7), isDamaged), { numRuns: 500 })
  })

  it('of a version to come is told by its version', () => {
    const newer = Buffer.from(whole.toString('latin1').replace('"version":1', '"version":2'), 'latin1')
    expect(decodeFile(newer, 0)).toEqual({ damage: 'it has version 2 where this virtpoll reads version 1' })
  })

  it.each([
    ['nothing', ''],
    ['zeros, as some file systems leave after a power cut', '\0'.repeat(4096)],
    ['JSON of another kind', '{"samples":[]}\n[]'],
    ['no object', 'null\n[]'],
    ['a time that is none', whole.toString('latin1').replace(/"createdAtMs":\d+/, '"createdAtMs":1e999')],
    [
      'a time beyond all dates',
      whole.toString('latin1').replace(/"createdAtMs":\d+/, '"createdAtMs":8640000000000001'),
    ],
    ['half a sample', whole.toString('latin1').replace('"sampleCount":2', '"sampleCount":0.5')],
    ['more than its header says', `${whole.toString('latin1')}]`],
  ])('is known to be damaged when it holds %s', (_what, content) => {
    expect(decodeFile(Buffer.from(content, 'latin1'), 0)).toHaveProperty('damage')
  })

  it('counts as the blocks it takes of a disk', () => {
    expect([0, 3800, 3900, 50_000].map(diskBytes)).toEqual([4096, 4096, 8192, 53_248])
  })
})

describe('the names in an outbox', () => {
  const facts = (stamp: number) => ({ stamp, sampleCount: 50, bytes: 51_234 })

  it('sort by stamp, whatever order they are read in', () => {
    const stamps = [1_767_225_600_000_000, 999, 1_767_225_600_000_001, 12_345]
    const { files } = sortNames(stamps.map((stamp) => fileName(facts(stamp))))
    expect(files.map((file) => file.facts)).toEqual(stamps.toSorted((a, b) => a - b).map(facts))
  })

  it('tell files with their marks, what was never finished, marks without a file, and what is foreign', () => {
    const [first, second] = [fileName(facts(1)), fileName(facts(2))]
    const marks = [doneName(first, '0123456789ab'), doneName(first, 'ba9876543210')]
    const orphan = doneName(fileName(facts(3)), '0123456789ab')
    const foreign = ['core', '1-2-3.notification', `${first}.done-x`, 'a.tmp']
    expect(sortNames([orphan, ...marks, temporaryName(second), ...foreign, first])).toEqual({
      files: [{ name: first, facts: facts(1), doneBy: ['0123456789ab', 'ba9876543210'] }],
      temporaries: [temporaryName(second)],
      orphans: [orphan],
      foreign: foreign.toSorted(),
    })
  })
})
