import fc from 'fast-check'
import type { Metadata, MetadataValue, Sample } from '../../src/sample/sample.js'

/** A sample with everything filled in; what a test is about it says itself. */
export function aSample(fields: Partial<Sample> = {}): Sample {
  return {
    id: '00000000-0000-4000-8000-000000000001',
    source: 'openstack',
    name: 'cpu',
    type: 'cumulative',
    unit: 'ns',
    volume: 90000000001,
    numberKind: 'int',
    userId: 'user-1',
    userName: null,
    projectId: 'tenant-1',
    projectName: null,
    resourceId: '9f0e4b4c-0000-4000-8000-000000000001',
    takenAt: { wallMs: Date.UTC(2026, 10, 21, 8, 8, 24, 123), monotonicSeconds: 2248.07588595 },
    metadata: { display_name: 'vm-1', flavor: { id: '42', vcpus: 2 } },
    extraMetadata: undefined,
    ...fields,
  }
}

/** Any text that UTF-8 can say, with more than its share of what is written in a special way. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.string({
    unit: fc.constantFrom(
      '"',
      "'",
      '\\',
      '\n',
      '\t',
      '\u007f',
      '\u0000',
      'ż',
      '漢',
      '😀',
      '\uff5e',
      ':',
      'a',
    ),
  }),
)

const metadataValue: fc.Arbitrary<MetadataValue> = fc.letrec<{ value: MetadataValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    text,
    fc.constantFrom(null, true, false),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer(),
    fc.bigInt(),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(text, tie('value'), { maxKeys: 4 }),
  ),
})).value

/** Few names for the members, so that what a meter adds often meets what the resource has. */
const memberName = fc.oneof(
  fc.constantFrom('name', 'mac', 'a', 'a!', 'flavor', '10', '9', '\uff5e', '😀'),
  text,
)

export const anyMetadata: fc.Arbitrary<Metadata> = fc.dictionary(memberName, metadataValue, { maxKeys: 8 })

/** JavaScript puts names like `10` before all others, so an object with more of them is not in the order of Python. */
const anyExtraMetadata: fc.Arbitrary<Metadata> = fc.dictionary(
  memberName.filter((name) => !/^\d+$/.test(name)),
  metadataValue,
  { maxKeys: 8 },
)

const figure = fc.oneof(
  fc.record({ numberKind: fc.constant('int' as const), volume: fc.oneof(fc.integer(), fc.bigInt()) }),
  fc.record({
    numberKind: fc.constant('float' as const),
    volume: fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.integer(),
      fc.bigInt({ min: 0n }),
    ),
  }),
)

const textOrNull = fc.option(text)

/** Any sample that the wire can carry. */
export const anySample: fc.Arbitrary<Sample> = fc
  .record({
    id: fc.uuid(),
    source: text,
    name: text,
    type: fc.constantFrom('gauge', 'cumulative', 'delta'),
    unit: text,
    figure,
    userId: textOrNull,
    userName: textOrNull,
    projectId: textOrNull,
    projectName: textOrNull,
    resourceId: text,
    takenAt: fc.record({
      wallMs: fc.integer({ min: 0, max: 4e12 }),
      monotonicSeconds: fc.double({ min: 0, max: 1e9, noNaN: true }),
    }),
    metadata: anyMetadata,
    extraMetadata: fc.option(anyExtraMetadata, { nil: undefined }),
  })
  .map(({ figure: { volume, numberKind }, ...rest }): Sample => ({ ...rest, volume, numberKind }))
