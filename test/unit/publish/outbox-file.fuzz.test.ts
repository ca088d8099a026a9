import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeFile, encodeFile } from '../../../src/publish/outbox-file.js'
import { fuzzRuns } from '../../support/fuzz-runs.js'
import { notificationOf } from '../../support/disk-outbox.js'

const messageId = '5f2ad5e2-7c2b-4a52-9d7c-5f4bb4f1f6d7'
const whole = encodeFile(notificationOf(messageId, 600))
const numRuns = fuzzRuns(1000)

/** A file is damaged, or a notification with a time, a count and samples. */
function expectJudged(file: Buffer): void {
  const read = decodeFile(file, 1)
  if ('damage' in read) {
    expect(read.damage).not.toBe('')
    return
  }
  expect(typeof read.samplesJson).toBe('string')
  expect([read.sampleCount >= 0, Number.isFinite(read.createdAt.wallMs)]).toEqual([true, true])
  expect(() => new Date(read.createdAt.wallMs).toISOString()).not.toThrow()
}

const header = fc.record({
  virtpoll: fc.constantFrom<unknown>('notification', 'other', null),
  version: fc.constantFrom<unknown>(1, 2, '1'),
  messageId: fc.oneof(fc.constant<unknown>(messageId), fc.jsonValue()),
  createdAtMs: fc.oneof(fc.double(), fc.jsonValue()),
  sampleCount: fc.oneof(fc.integer(), fc.jsonValue()),
  bytes: fc.oneof(fc.constant<unknown>(2), fc.jsonValue()),
  crc32: fc.oneof(fc.constant<unknown>('d1bf7c3e'), fc.jsonValue()),
})

test('whatever bytes a file of the outbox holds, it is read or known to be damaged', () => {
  const bytes = fc.uint8Array({ maxLength: 600 }).map((array) => Buffer.from(array))
  const headed = fc
    .tuple(header, bytes)
    .map(([fields, rest]) => Buffer.concat([Buffer.from(`${JSON.stringify(fields)}\n`), rest]))
  fc.assert(
    fc.property(fc.oneof(bytes, headed), (file) => {
      expectJudged(file)
    }),
    { numRuns },
  )
})

test('a whole file with a piece cut out, doubled or replaced is damaged, or says what it said', () => {
  const { samplesJson } = notificationOf(messageId, 600)
  const mutation = fc.record({
    at: fc.nat(whole.length - 1),
    length: fc.nat(40),
    to: fc.oneof(fc.constant('again' as const), fc.uint8Array({ maxLength: 8 })),
  })
  fc.assert(
    fc.property(mutation, ({ at, length, to }) => {
      const cut = whole.subarray(at, at + length)
      const into = to === 'again' ? Buffer.concat([cut, cut]) : Buffer.from(to)
      const file = Buffer.concat([whole.subarray(0, at), into, whole.subarray(at + length)])
      expectJudged(file)
      const read = decodeFile(file, 1)
      if (!('damage' in read)) expect(read.samplesJson).toBe(samplesJson)
    }),
    { numRuns },
  )
})
