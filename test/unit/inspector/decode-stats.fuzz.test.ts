import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { StatsColumns } from '#node-libvirt'
import { decodeStats } from '../../../src/inspector/libvirt/decode-stats.js'
import { fuzzRuns } from '../../support/fuzz-runs.js'

const part = fc.constantFrom(
  ...[
    'state',
    'reason',
    'cpu',
    'time',
    'vcpu',
    'current',
    'maximum',
    'wait',
    'balloon',
    'rss',
    'perf',
    'cmt',
  ],
  ...['net', 'block', 'name', 'rx', 'tx', 'bytes', 'rd', 'reqs', 'capacity', 'count', '0', '1', '007', '-1'],
  ...['1e3', '99999999999999999999', 'NaN', '', '__proto__', 'constructor', 'toString'],
)
const field = fc.oneof(
  fc.array(part, { maxLength: 5 }).map((parts) => parts.join('.')),
  fc.string({ unit: 'binary', maxLength: 12 }),
)
const uint64 = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.constantFrom(
    0n,
    1n,
    2n ** 53n,
    2n ** 53n + 1n,
    2n ** 63n,
    2n ** 64n - 1n,
    0x7ff0000000000000n,
    0x7ff8000000000000n,
  ),
)
const entry = fc.record({ field: fc.nat(12), type: fc.nat(9), value: uint64 })

/** What the binding could hand over, and what it could not: types, fields and strings that do not exist. */
const columns: fc.Arbitrary<StatsColumns> = fc
  .record({
    fields: fc.array(field, { maxLength: 10 }),
    strings: fc.array(fc.string({ unit: 'binary', maxLength: 5 }), { maxLength: 3 }),
    rows: fc.array(fc.array(entry, { maxLength: 12 }), { maxLength: 5 }),
  })
  .map(({ fields, strings, rows }) => {
    const entries = rows.flat()
    let end = 0
    const columns: Record<keyof StatsColumns, unknown> = {
      ...{ fields, strings },
      uuids: rows.map((_, row) => `uuid-${row}`),
      names: rows.map((_, row) => `name-${row}`),
      ids: Int32Array.from(rows, (_, row) => row - 1),
      rowStart: Uint32Array.from([0, ...rows.map((row) => (end += row.length))]),
      field: Uint32Array.from(entries, (one) => one.field),
      type: Uint8Array.from(entries, (one) => one.type),
      value: BigUint64Array.from(entries, (one) => one.value),
    }
    return columns as unknown as StatsColumns
  })

const isVolume = (value: unknown): boolean =>
  typeof value === 'bigint' || typeof value === 'number' || value === undefined

test('whatever statistics come in, each domain has a record of figures and nothing else', () => {
  const untouched = Object.getOwnPropertyNames(Object.prototype).length
  fc.assert(
    fc.property(columns, (given) => {
      const rows = decodeStats(given)
      expect(rows.map(({ uuid }) => uuid)).toEqual(given.uuids)
      for (const { id, figures } of rows) {
        expect(id === undefined || id >= 0).toBe(true)
        const { vcpuFigures, memory, perf, blocks, nets, ...single } = figures
        const devices = [...blocks.values(), ...nets.values()].map((device) => device.figures)
        for (const record of [single, memory, perf, ...vcpuFigures.values(), ...devices])
          expect(Object.values(record).every(isVolume)).toBe(true)
        for (const index of [...vcpuFigures.keys(), ...blocks.keys(), ...nets.keys()])
          expect(Number.isSafeInteger(index)).toBe(true)
      }
    }),
    { numRuns: fuzzRuns(1000) },
  )
  expect(Object.getOwnPropertyNames(Object.prototype)).toHaveLength(untouched)
})
