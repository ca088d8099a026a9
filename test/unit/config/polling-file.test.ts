import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { ConfigFileError } from '../../../src/config/faults.js'
import { loadPollingFile } from '../../../src/config/polling-file.js'
import type { Finding, PollingFile } from '../../../src/config/options.js'
import { caseFolders } from '../../support/cases.js'
import { knownNames } from './known-names.js'

interface Outcome {
  readonly file?: PollingFile
  readonly error?: ConfigFileError
}

async function load(file: string, cwd = '/'): Promise<Outcome> {
  try {
    return { file: await loadPollingFile({ file, cwd, known: knownNames }) }
  } catch (error) {
    if (error instanceof ConfigFileError) return { error }
    throw error
  }
}

function lines(findings: readonly Finding[]): string {
  return findings.map(({ severity, text }) => `${severity} ${text}\n`).join('')
}

test.each(caseFolders('polling-yaml'))('finds in $name what its expected.txt says', async (folder) => {
  const { path } = folder
  const { file, error } = await load(join(path, 'polling.yaml'), path)
  const found = lines(error?.findings ?? file?.warnings ?? [])
  if (process.env['UPDATE_CASES'] === '1') writeFileSync(join(path, 'expected.txt'), found)
  expect(found).toBe(folder.read('expected.txt'))
  expect(error !== undefined).toBe(found.includes('error '))
})

const folder = mkdtempSync(join(tmpdir(), 'polling-file-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

const good = 'sources: [{name: a, interval: 60, meters: [cpu]}]\n'

test.each([
  [
    'that does not exist',
    () => 'missing.yaml',
    /does not exist; create it, or name another with polling\.file/,
  ],
  ['in a folder that is a file', () => 'plain/missing.yaml', /a part of its path is a file/],
  ['that is a folder', () => 'folder', /is a directory; name the file in it/],
  ['that is a pipe nobody writes to', () => 'pipe', /is not a regular file/],
  ['that links to itself', () => 'loop', /symbolic link/],
  ['of ten megabytes', () => 'long.yaml', /longer than 1048576 bytes/],
])('refuses a file %s, without a place', async (_what, name, fault) => {
  if (name() === 'pipe') execFileSync('mkfifo', [join(folder, 'pipe')])
  if (name() === 'folder') mkdirSync(join(folder, 'folder'))
  if (name() === 'loop') symlinkSync('loop', join(folder, 'loop'))
  writeFileSync(join(folder, 'plain'), good)
  if (name() === 'long.yaml') writeFileSync(join(folder, 'long.yaml'), good + '# x\n'.repeat(2_500_000))
  const { error } = await load(join(folder, name()), folder)
  expect(error?.message).toMatch(fault)
  expect(error?.message.startsWith(`${name()}: the file `)).toBe(true)
  expect(error).toMatchObject({ code: 'CONFIG_INVALID', details: { file: name(), errors: 1 } })
})

test('says every fault of a file in one error, and keeps the warnings apart', async () => {
  const file = join(folder, 'faulty.yaml')
  writeFileSync(file, 'sources:\n  - {name: a, interval: x, meters: [cpuu]}\n  - {name: b, meters: [cpu]}\n')
  const { error } = await load(file, folder)
  expect(error?.message.split('\n')).toEqual([
    'faulty.yaml has 2 errors:',
    expect.stringMatching(/^faulty.yaml:2:25 sources\[0\]\.interval: /),
    expect.stringMatching(/^faulty.yaml:3:5 sources\[1\]: has neither interval nor schedule/),
  ])
  expect(error?.findings.map(({ severity }) => severity)).toEqual(['error', 'warning', 'warning', 'error'])
})

test('shows a file by its absolute path when it lies elsewhere', async () => {
  const { error } = await load('/nowhere/polling.yaml', folder)
  expect(error?.message).toMatch(/^\/nowhere\/polling\.yaml: /)
})

test('gives sources that cannot be changed, with their schedules', async () => {
  const file = join(folder, 'good.yaml')
  writeFileSync(
    file,
    `sources:
  - {name: usage, interval: "300", meters: ["*", "!perf.*"], discovery: [local_node, tenant]}
  - {name: nightly, schedule: "0 3 * * *", meters: [cpu]}
  - {name: 0x10, interval: 5:00, meters: [memory.*]}
`,
  )
  const { file: loaded } = await load(file)
  expect(loaded?.sources).toEqual([
    {
      name: 'usage',
      schedule: { kind: 'interval', seconds: 300 },
      meters: ['*', '!perf.*'],
      discovery: ['local_node'],
    },
    {
      name: 'nightly',
      schedule: { kind: 'cron', expression: '0 3 * * *', timeZone: 'Europe/Paris' },
      meters: ['cpu'],
      discovery: [],
    },
    { name: '0x10', schedule: { kind: 'interval', seconds: 300 }, meters: ['memory.*'], discovery: [] },
  ])
  expect(loaded?.file).toBe(file)
  expect(Object.isFrozen(loaded?.sources[0]?.meters)).toBe(true)
})

test('a file of fifteen thousand faults is told in a hundred', async () => {
  const file = join(folder, 'many.yaml')
  writeFileSync(file, `sources:\n${'  - x\n'.repeat(15_000)}`)
  const { error } = await load(file, folder)
  expect(error?.findings).toHaveLength(101)
  expect(error?.findings.at(-1)?.text).toBe('many.yaml: and 14900 more')
})

test('gives sources of one name names of their own, since deltas are remembered by it', async () => {
  const path = join(folder, 'namesakes.yaml')
  const source = '{name: twice, interval: 60, meters: [cpu]}'
  writeFileSync(path, `sources: [${source}, ${source}, ${source}]`)
  const { file } = await load(path)
  expect(file?.sources.map(({ name }) => name)).toEqual(['twice', 'twice (2)', 'twice (3)'])
})
