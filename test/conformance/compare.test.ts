import { describe, expect, test } from 'vitest'
import { allowedDifferences } from './allowed-differences.js'
import type { Fields, ReadSample } from './ceilometer.js'
import { compare, isBetween } from './compare.js'

const uuid = '00000000-0000-4000-8000-000000000001'

const fields: Fields = {
  counter_name: '"disk.device.usage"',
  counter_unit: '"B"',
  counter_volume: '512',
  resource_id: `"${uuid}-vda"`,
  'resource_metadata/instance_id': `"${uuid}"`,
  'resource_metadata/disk_name': '"vda"',
}

/** With these fields; without those that are undefined. */
function sample(changes: Readonly<Record<string, string | undefined>> = {}): ReadSample {
  const changed = Object.entries({ ...fields, ...changes })
  return {
    fields: Object.fromEntries(changed.flatMap(([path, text]) => (text === undefined ? [] : [[path, text]]))),
    verified: true,
  }
}

const compareOne = (original: ReadSample, ours: ReadSample, before = ours, moving: readonly string[] = []) =>
  compare({ before: [before], original: [original], after: [ours], moving: new Set(moving) })

describe('a comparison', () => {
  test('takes what is the same', () => {
    expect(compareOne(sample(), sample())).toMatchObject({ faults: [], equal: [{ instance: uuid }] })
  })

  test.each([
    { what: 'a volume', path: 'counter_volume', original: '511', virtpoll: '512' },
    { what: 'the kind of a volume', path: 'counter_volume', original: '512.0', virtpoll: '512' },
    { what: 'a unit', path: 'counter_unit', original: '"KB"', virtpoll: '"KiB"' },
    { what: 'a metadata value', path: 'resource_metadata/disk_name', original: '"vdb"', virtpoll: '"vda"' },
    { what: 'a metadata key of one side', path: 'resource_metadata/x', original: undefined, virtpoll: '1' },
    {
      what: 'a metadata key of the other',
      path: 'resource_metadata/x',
      original: 'null',
      virtpoll: undefined,
    },
  ])('finds a difference in $what', ({ path, original, virtpoll }) => {
    const { faults, equal, compared } = compareOne(sample({ [path]: original }), sample({ [path]: virtpoll }))
    expect(faults).toMatchObject([{ path, original, virtpoll }])
    expect([equal.length, compared.length]).toEqual([0, 1])
  })

  test.each([
    {
      what: 'virtpoll lacks',
      readings: { before: [], original: [sample()], after: [] },
      virtpoll: undefined,
    },
    {
      what: 'the original lacks',
      readings: { before: [], original: [], after: [sample()] },
      virtpoll: '512',
    },
  ])('finds a sample that $what', ({ readings, virtpoll }) => {
    expect(compare({ ...readings, moving: new Set() }).faults).toMatchObject([{ path: '', virtpoll }])
  })

  test('a running guest may have moved from one reading of virtpoll to the other, no further', () => {
    const volume = (counter_volume: string) => sample({ counter_volume })
    const faultsOf = (original: string) =>
      compareOne(volume(original), volume('20'), volume('10'), [uuid]).faults
    expect(['10', '15', '20'].map((figure) => faultsOf(figure).length)).toEqual([0, 0, 0])
    expect(['9', '21', '15.0'].map((figure) => faultsOf(figure).length)).toEqual([1, 1, 1])
  })

  test('two samples of one subject are an error, because one would go unseen', () => {
    expect(() =>
      compare({ before: [], original: [sample(), sample()], after: [], moving: new Set() }),
    ).toThrow('two samples')
  })

  test('an entry of the table counts the samples in which it allowed something', () => {
    const { allowed, faults } = compareOne(
      sample({ counter_unit: '"MB"' }),
      sample({ counter_unit: '"MiB"' }),
    )
    expect(faults).toEqual([])
    expect(Object.fromEntries(allowed)).toMatchObject({ 'binary-units': 1, names: 0 })
  })
})

describe('the table of allowed differences', () => {
  const difference = { meter: 'cpu', resource: 'x', path: 'counter_volume', original: '0', virtpoll: '7' }

  test.each([
    { ...difference, path: 'counter_unit', original: '"B"', virtpoll: '"KiB"' },
    { ...difference, path: '', original: '0', virtpoll: undefined },
    { ...difference, path: '', original: undefined, virtpoll: '-1' },
    { ...difference, original: '1' },
    { ...difference, virtpoll: '7.0' },
    { ...difference, meter: 'vcpus' },
    {
      ...difference,
      path: 'timestamp',
      original: '"2026-01-01T00:00:00"',
      virtpoll: '"2026-01-01T00:00:00Z"',
    },
    { ...difference, path: 'message_id', original: '"1"', virtpoll: '"2"' },
    { ...difference, path: 'user_name', original: '"a"', virtpoll: '"b"' },
    { ...difference, path: 'resource_metadata/image_meta/x', original: '"a"', virtpoll: '"b"' },
    { ...difference, path: 'counter_name', original: '"a"', virtpoll: '"network.outgoing.bytes.delta"' },
  ])('does not allow $path from $original to $virtpoll', (other) => {
    expect(allowedDifferences.filter(({ allows }) => allows(other)).map(({ id }) => id)).toEqual([])
  })
})

test.each([
  { figure: '18446744073709551615', readings: ['18446744073709551615', '18446744073709551615'], is: true },
  { figure: '18446744073709551614', readings: ['18446744073709551615', '18446744073709551615'], is: false },
  { figure: '1.04', readings: ['1.0', '1.0'], slack: 0.05, is: true },
  { figure: '1.06', readings: ['1.0', '1.0'], slack: 0.05, is: false },
  { figure: '1', readings: ['1.0', '1.0'], slack: 0.05, is: false },
] as const)('$figure between $readings: $is', ({ figure, readings, is, ...rest }) => {
  expect(isBetween(figure, readings, 'slack' in rest ? rest.slack : 0)).toBe(is)
})
