import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Lines, locate } from '../../../src/config/locate.js'
import { composeYaml } from '../../../src/config/yaml.js'
import { entryOf } from '../../../src/config/yaml-node.js'
import type { ScalarNode, YamlNode } from '../../../src/config/yaml-node.js'
import type { Scalar } from '../../../src/config/yaml-scalars.js'

type Typed = readonly [kind: string, text: string]

function fixture(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../fixtures/config/${name}`, import.meta.url), 'utf8'))
}

/** A value as the vectors of PyYAML spell it. */
function typed(value: Scalar): Typed {
  if (value === null) return ['null', '']
  if (typeof value === 'bigint') return ['int', String(value)]
  if (typeof value === 'number') return ['float', String(value)]
  if (typeof value === 'boolean') return ['bool', String(value)]
  return ['str', value]
}

/** Python's repr of a float as JavaScript spells it. */
function spelled([kind, text]: Typed): Typed {
  if (kind !== 'float') return [kind, text]
  return [kind, String(text.endsWith('inf') ? Number(text.replace('inf', 'Infinity')) : Number(text))]
}

function nested(node: YamlNode | undefined): unknown {
  if (node === undefined) return ['null', '']
  if (node.kind === 'scalar') return typed(node.value)
  if (node.kind === 'sequence') return { list: node.items.map(nested) }
  const entries = node.entries.toSorted((a, b) => String(a.key.value).localeCompare(String(b.key.value)))
  return { map: entries.map(({ key, value }) => [typed(key.value), nested(value)]) }
}

test.each(fixture('pyyaml-scalars.json') as [source: string, kind: string, text: string][])(
  'reads %j as PyYAML does: %s %s',
  (source, kind, text) => {
    const { root, faults } = composeYaml(`k: ${source}\n`)
    const node = entryOf(root, 'k')?.value as ScalarNode | undefined
    // What Python makes a date of is text here, a date that does not exist included.
    if (kind === 'date' || source === '2024-13-45')
      expect(node?.value).toBe(source.replace('!!timestamp ', ''))
    else if (kind === 'error' || kind === 'other') expect(faults.map((fault) => fault.text)).toHaveLength(1)
    else expect([faults, typed(node!.value)]).toEqual([[], spelled([kind, text])])
  },
)

test.each(fixture('pyyaml-documents.json') as [text: string, value: unknown][])(
  'reads the document %j as PyYAML does',
  (text, value) => {
    const { root, faults } = composeYaml(text)
    if (value === 'error') expect(faults).not.toEqual([])
    else expect([faults, nested(root)]).toEqual([[], value])
  },
)

const faulty: readonly (readonly [what: string, text: string, fault: RegExp, place: string])[] = [
  ['an unquoted * in front', 'schedule: */5 * * * *\n', /\* or ! in quotes/, '1:15'],
  ['an unquoted * for all', 'meters:\n  - *\n', /\* or ! in quotes/, '2:6'],
  ['an unquoted exclusion', 'meters:\n  - !disk.*\n', /!disk\.\* is not known; .* quotes/, '2:5'],
  ['an unquoted pattern', 'meters:\n  - *disk\n', /\*disk has no anchor .* quotes/, '2:5'],
  ['a tab', 'a:\n\tb: 1\n', /blanks, not with tabs/, '2:1'],
  ['a colon in text', 'a: b: c\n', /colon and a blank/, '1:5'],
  ['an open bracket', 'a: [1,\n', /brackets/, '2:1'],
  ['an ini file', '[DEFAULT]\nhost = a\n', /looks like an ini file such as ceilometer\.conf/, '2:1'],
  [
    'an ini file that begins with comments',
    '\n# a: b\n; c\n [polling] # d\r\n* = !\n',
    /ini file .*; agent\.yaml and polling\.yaml have options of their own, see docs\/config\.md/,
    '5:1',
  ],
  ['a list that goes on wrong', '[a, b]\n[c]\n', /look here and at the line above/, '2:1'],
  ['an alias inside its anchor', 'a: &a\n  - [*a]\n', /contain itself/, '2:6'],
  ['a second document', 'a: 1\n---\nb: 2\n', /second YAML document/, '3:1'],
  ['a list as a key', '? [a]\n: b\n', /cannot be a key/, '1:3'],
  ['a merge of text', 'a: 1\n<<: x\n', /needs the alias of a mapping/, '2:1'],
  ['two merges', 'a: &a {b: 1}\nc:\n  <<: *a\n  <<: *a\n', /twice/, '4:3'],
  ['a foreign tag', 'a: !!python/object:os.system x\n', /not known/, '1:4'],
  ['a null byte', 'a: \0\n', /null byte/, '1:4'],
  ['a tower of brackets', '['.repeat(5000), /nesting/, '1:100'],
  ['a number without digits', 'a: 0x_\n', /looks like a number/, '1:4'],
  ['a number without end', `a: ${'9'.repeat(5000)}\n`, /5000 digits/, '1:4'],
]

test.each(faulty)('names %s and its place', (_what, text, fault, place) => {
  const { faults } = composeYaml(text)
  expect(faults).toHaveLength(1)
  expect(faults[0]?.text).toMatch(fault)
  const { line, column } = new Lines(text).at(faults[0]!.offset)
  expect(`${line}:${column}`).toBe(place)
})

test('names both places of a duplicate key, and reads on', () => {
  const { faults, root } = composeYaml('a: 1\nb: 2\n"a": 3\nc: {d: 1, d: 2}\n')
  expect(faults).toEqual([
    { offset: 10, text: 'the key "a" stands here for the second time, the first is at 1:1; keep one' },
    { offset: 27, text: 'the key "d" stands here for the second time, the first is at 4:5; keep one' },
  ])
  expect(entryOf(root, 'b')?.value).toMatchObject({ value: 2n })
})

test('refuses aliases that stand for more values than a configuration can have, at once', () => {
  const letters = 'abcdefghij'.split('')
  const laughs = letters.map((name, index) => {
    const items = Array.from({ length: 10 }, () => (index === 0 ? 'lol' : `*${letters[index - 1] ?? ''}`))
    return `${name}: &${name} [${items.join(', ')}]`
  })
  const { faults } = composeYaml(laughs.join('\n'))
  expect(faults).toHaveLength(1)
  expect(faults[0]?.text).toContain('more than 20000 values')
})

const text =
  'sources:\n  - name: é😀 x\n    meters: ["cpu",\r\n      \'!a\']\n    interval:\n  -\n  - &b {name: b}\n  - *b\n'

test.each([
  [['sources'], 'key', '1:1'],
  [['sources'], 'value', '2:3'],
  [['sources', 0, 'name'], 'value', '2:11'],
  [['sources', 0, 'meters', 0], 'value', '3:14'],
  [['sources', 0, 'meters', 1], 'value', '4:7'],
  [['sources', 0, 'interval'], 'value', '5:5'],
  [['sources', 0, 'missing', 'deeper'], 'value', '2:5'],
  [['sources', 1], 'value', '6:3'],
  [['sources', 2, 'name'], 'key', '7:9'],
  [['sources', 3, 'name'], 'key', '7:9'],
  [['sources', 9], 'value', '2:3'],
] as const)('finds the place of %j (%s)', (path, what, place) => {
  const { line, column } = new Lines(text).at(locate(composeYaml(text).root, path, what)!)
  expect(`${line}:${column}`).toBe(place)
})

test('counts columns in characters', () => {
  expect(new Lines('é😀: x').at('é😀: '.length)).toEqual({ line: 1, column: 5 })
})
