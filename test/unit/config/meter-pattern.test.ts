import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { matchesPattern } from '../../../src/config/fnmatch.js'
import { selects } from '../../../src/config/meter-pattern.js'
import { readSources } from '../../../src/config/polling-file.js'
import { decodeYaml } from '../../../src/config/yaml-file.js'
import { knownNames } from './known-names.js'

function fixture(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../fixtures/config/${name}`, import.meta.url), 'utf8'))
}

const fnmatchVectors = fixture('fnmatch.json') as { names: string[]; patterns: [string, string[]][] }

test.each(fnmatchVectors.patterns)('matches %j as Python does', (pattern, matched) => {
  expect(fnmatchVectors.names.filter((name) => matchesPattern(name, pattern))).toEqual(matched)
})

test('answers for a pattern of many stars before the test is given up', () => {
  const pattern = `${'*a'.repeat(200)}*b`
  expect(matchesPattern('a'.repeat(5000), pattern)).toBe(false)
})

interface Selection {
  readonly meters: string[]
  readonly vectors: (readonly [entries: string[], selected: string[] | null])[]
}

const selection = fixture('ceilometer-selection.json') as Selection

test.each(selection.vectors.filter(([, selected]) => selected !== null))(
  'selects with %j what ceilometer does',
  (entries, selected) => {
    const found = selection.meters.filter((meter) => selects(entries, { meter, computed: false }, false))
    expect(found).toEqual(selected)
  },
)

test.each(selection.vectors)('accepts or refuses %j as ceilometer does: %j', (entries, selected) => {
  const text = `sources: [{name: a, interval: 60, meters: ${JSON.stringify(entries)}}]`
  const read = () => readSources(decodeYaml({ text, mode: 0o600 }, 'polling.yaml'), knownNames)
  if (selected === null) expect(read).toThrow(/do not go together/)
  else expect(read()[0]?.meters).toEqual(entries)
})

describe('a computed meter', () => {
  test.each([
    [['cpu_util'], false, true],
    [['*'], false, false],
    [['cpu_*'], false, false],
    [['cpu_uti[l]'], false, false],
    [['!disk.*'], false, false],
    [['*'], true, true],
    [['cpu_*'], true, true],
    [['!disk.*'], true, true],
    [['*', '!cpu_*'], true, false],
    [['cpu_util', '!cpu_util'], true, false],
    [['cpu'], true, false],
  ])('is selected by %j with computed_meters %s: %s', (entries, computedMeters, selected) => {
    expect(selects(entries, { meter: 'cpu_util', computed: true }, computedMeters)).toBe(selected)
  })
})
