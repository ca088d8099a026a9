import type { MetadataValue } from '../../src/sample/sample.js'

/** A volume as a pollster file writes it, and as Python shows it. */
export type AwkwardVolume = readonly [javascript: string, python: string]

export const awkwardInts: readonly AwkwardVolume[] = [
  ['0', '0'],
  ['-1', '-1'],
  ['9007199254740991', '9007199254740991'],
  ['9007199254740993n', '9007199254740993'],
  ['-9007199254740993n', '-9007199254740993'],
  ['9223372036854775807n', '9223372036854775807'],
  ['-9223372036854775808n', '-9223372036854775808'],
  ['18446744073709551615n', '18446744073709551615'],
  ['1180591620717411303425n', '1180591620717411303425'],
]

export const awkwardFloats: readonly AwkwardVolume[] = [
  ['512', '512.0'],
  ['-512', '-512.0'],
  ['0', '0.0'],
  ['-0', '-0.0'],
  ['0.1', '0.1'],
  ['1e-4', '0.0001'],
  ['1e-5', '1e-05'],
  ['1e-7', '1e-07'],
  ['5e-324', '5e-324'],
  ['1e15', '1000000000000000.0'],
  ['1e16', '1e+16'],
  ['-1e21', '-1e+21'],
  ['2 ** 53', '9007199254740992.0'],
  ['1.7976931348623157e308', '1.7976931348623157e+308'],
]

/** Without a bigint, so that it can be written as JSON. */
export const awkwardMetadata: Readonly<Record<string, MetadataValue>> = {
  Zażółć: 'gęślą jaźń',
  emoji: '😀 \ud7ff\ue000\uffff',
  漢: ['字', "it's", '"quoted"', '\\', '\n', '\u007f', ['nested', { b: 1, a: null }]],
  empty: { map: {}, list: [], text: '' },
  numbers: [0.1, 1e-7, 9007199254740991, -5],
  nested: { a: { b: { c: [true, false, null, { deeper: 'ż' }] } }, 'a!': 1, 'a:b': 2 },
}

/**
 * A pollster file with two meters, `awkward.int` and `awkward.float`, which give each instance `count` samples: those
 * of the volumes above in turn, for resources `<instance>-<number>`.
 */
export function awkwardPollsters(count: number): string {
  const volumes = (list: readonly AwkwardVolume[]) => `[${list.map(([javascript]) => javascript).join(', ')}]`
  return `
const metadata = ${JSON.stringify(awkwardMetadata)}
const meter = (number, volumes) => ({
  meter: 'awkward.' + number, type: 'gauge', unit: 'µs', number, needs: [], per: 'instance',
  description: 'awkward volumes',
  poll: ({ id }) => Array.from({ length: ${count} }, (_, at) => (
    { volume: volumes[at % volumes.length], resourceId: id + '-' + at, metadata })),
})
export default { apiVersion: 1, pollsters: [
  meter('int', ${volumes(awkwardInts)}),
  meter('float', ${volumes(awkwardFloats)}),
] }
`
}
