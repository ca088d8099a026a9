import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'

const script = fileURLToPath(new URL('../../../scripts/test-summary.js', import.meta.url))
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'test-summary-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

interface Report {
  readonly numTotalTests: number
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly testResults: readonly object[]
}

const allPassed: Report = {
  numTotalTests: 3,
  numPassedTests: 3,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  testResults: [{ name: 'a.test.ts', status: 'passed', assertionResults: [{ status: 'passed' }] }],
}
const brokenFile = { name: 'b.test.ts', status: 'failed', assertionResults: [] }

/** Summarises those reports; null is a tier that wrote none. */
function summarise(reports: readonly (Partial<Report> | null)[]) {
  const paths = reports.map((report, index) => {
    const path = join(folder, `${index}.json`)
    if (report) writeFileSync(path, JSON.stringify({ ...allPassed, ...report }))
    return path
  })
  const { stdout, stderr, status } = spawnSync(process.execPath, [script, ...paths], { encoding: 'utf8' })
  return { stdout, stderr, status }
}

test.each([
  ['all passed', [{}, {}], '6 passed, 0 failed\n', 0],
  ['a test failed', [{}, { numPassedTests: 2, numFailedTests: 1 }], '5 passed, 1 failed\n', 1],
  ['a tier did not run', [{}, null], '3 passed, 1 failed\n', 1],
  ['a file could not be loaded', [{ testResults: [brokenFile] }], '3 passed, 1 failed\n', 1],
  ['tests were skipped', [{ numPassedTests: 1, numPendingTests: 2 }], '1 passed, 1 failed\n', 1],
  [
    'a tier has no test',
    [{ numTotalTests: 0, numPassedTests: 0, testResults: [] }],
    '0 passed, 1 failed\n',
    1,
  ],
  ['there is no tier', [], '0 passed, 0 failed\n', 1],
] as const)('when %s the summary says so', (_what, reports, line, status) => {
  expect(summarise(reports)).toMatchObject({ stdout: line, status })
})

test('the summary names the tier that did not run', () => {
  expect(summarise([null]).stderr).toBe(`${join(folder, '0.json')}: the tier did not run\n`)
})
