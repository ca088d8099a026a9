import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'

const script = fileURLToPath(new URL('../../../scripts/reliability-page.js', import.meta.url))
const root = fileURLToPath(new URL('../../..', import.meta.url))
const marker = '<!-- Written by `make faults` from here on. -->'
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reliability-page-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

const held = { fullName: 'nothing is lost', status: 'passed', meta: {} }
const measured = {
  fullName: 'a | of something',
  status: 'passed',
  meta: {
    faults: [
      {
        ...{ fault: 'broker killed', times: 20, expected: 100, missing: 3, received: 97, repeats: 0 },
        ...{ lostSeconds: 2.345, callsOut: 3, before: { files: 30, threads: 12, mebibytes: 60 } },
        after: { files: 31, threads: 12, mebibytes: 61 },
      },
      { fault: 'broker stopped' },
    ],
  },
}

/** Writes a page from a report of these tests. */
function write(assertionResults: readonly object[], success = true, page = `# Prose\n\n${marker}\n\nold\n`) {
  const [reportPath, pagePath] = [join(folder, 'report.json'), join(folder, 'page.md')]
  const testResults = [{ name: join(root, 'test/faults/broker.test.ts'), assertionResults }]
  const report = {
    success,
    numTotalTests: assertionResults.length,
    startTime: Date.UTC(2026, 0, 2),
    testResults,
  }
  writeFileSync(reportPath, JSON.stringify(report))
  writeFileSync(pagePath, page)
  const { status, stderr } = spawnSync(process.execPath, [script, reportPath, pagePath], {
    ...{ cwd: root, encoding: 'utf8' as const },
  })
  return { status, stderr, page: readFileSync(pagePath, 'utf8') }
}

/** The cells of the rows of its table, without head and rule. */
const rowsOf = (page: string) =>
  [...page.matchAll(/^\|(.*)\|$/gm)]
    .slice(2)
    .map(([, row]) => row!.split(/(?<!\\)\|/).map((cell) => cell.trim()))

test('keeps the prose, says commit and day, and puts figures and further tests in place of the old ones', () => {
  const { status, page } = write([measured, held])
  expect(status).toBe(0)
  expect(page.startsWith(`# Prose\n\n${marker}\n\nCommit `)).toBe(true)
  expect(page).toMatch(/^Commit [0-9a-f]{10}.*, 2026-01-02, at the reduced figures/m)
  expect(page).not.toContain('old')
  const link = '[broker](../test/faults/broker.test.ts): a \\| of something'
  expect(rowsOf(page)).toEqual([
    ['broker killed', '20', '100', '3', '97', '0', '2.3', '3', '30 → 31', '12 → 12', '60 → 61', link],
    ['broker stopped', '1', ...Array<string>(9).fill(''), link],
  ])
  expect(page).toContain('- [broker](../test/faults/broker.test.ts): nothing is lost\n')
})

test.each([
  ['a test failed', [measured, { ...held, status: 'failed' }], false],
  ['a test was skipped', [measured, { ...held, status: 'skipped' }], true],
  ['no test ran', [], true],
])('leaves the page as it was and fails when %s', (_what, tests, success) => {
  const { status, stderr, page } = write(tests, success)
  expect([status, page]).toEqual([1, `# Prose\n\n${marker}\n\nold\n`])
  expect(stderr).toContain('did not pass')
})

test('refuses a page that has no place for them', () => {
  const { status, page } = write([measured], true, '# Prose\n')
  expect([status, page]).toEqual([1, '# Prose\n'])
})
