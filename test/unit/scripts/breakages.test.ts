import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'

const script = fileURLToPath(new URL('../../../scripts/breakages.js', import.meta.url))
const line = "  return isoTimestamp(wallMs).replace('T', ' ')"

/** A patch of src/sample/timestamp.ts. */
const patch = (before: string, after: string) => `# Breaks: something
# Tests: test/unit/sample/timestamp.test.ts
--- a/src/sample/timestamp.ts
+++ b/src/sample/timestamp.ts
@@ -15,3 +15,3 @@
 export function blankTimestamp(wallMs: number): string {
-${before}
+${after}
 }
`

const patches = {
  noticed: patch(line, "  return isoTimestamp(wallMs).replace('T', '_')"),
  survives: patch(line, "  return isoTimestamp(wallMs).replaceAll('T', ' ')"),
  'no-code': patch(line, '  return isoTimestamp('),
  'of-another-time': patch('  return whatIsNotThere()', line),
}

let folder: string
let run: { readonly status: number | null; readonly stdout: string }

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'breakages-test-'))
  const files = Object.entries(patches).map(([name, text]) => {
    const file = join(folder, `${name}.patch`)
    writeFileSync(file, text)
    return file
  })
  const args = [script, '--report', join(folder, 'report.json'), ...files]
  run = spawnSync(process.execPath, args, { encoding: 'utf8' })
}, 120_000)
afterAll(() => {
  rmSync(folder, { recursive: true })
})

test.each([
  ['noticed', /^ok {3}noticed: something\n.*timestamp\.test\.ts: blankTimestamp has a blank between/m],
  ['survives', /^FAIL survives: something\n.*SURVIVED/m],
  ['no-code', /^FAIL no-code: something\n.*timestamp\.test\.ts could not be loaded/m],
  ['of-another-time', /^FAIL of-another-time: something\n.*git apply/m],
])('says what became of a breakage: %s', (_name, text) => {
  expect(run.stdout).toMatch(text)
})

test('fails, and counts, when a breakage was not noticed', () => {
  expect(run.status).toBe(1)
  expect(JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8'))).toMatchObject({
    numTotalTests: 4,
    numPassedTests: 1,
    numFailedTests: 3,
  })
})
