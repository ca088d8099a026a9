// test-summary.js REPORT...: adds up vitest's JSON reports, one for each tier, and prints one last line of the form
// `N passed, N failed`. A report that is missing, empty or has skipped tests counts as a failure of its tier.
import { readFileSync } from 'node:fs'

/** @returns {{ passed: number, failed: number, fault: string | undefined }} */
function read(path) {
  let report
  try {
    report = JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return { passed: 0, failed: 1, fault: 'the tier did not run' }
  }
  const skipped = report.numPendingTests + report.numTodoTests
  const brokenFiles = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  )
  const faults = [
    report.numTotalTests === 0 && 'no test ran',
    skipped > 0 && `${skipped} tests were skipped`,
    ...brokenFiles.map((file) => `${file.name} could not run`),
  ].filter(Boolean)
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + faults.length,
    fault: faults.length > 0 ? faults.join('; ') : undefined,
  }
}

const tiers = process.argv.slice(2).map((path) => ({ path, ...read(path) }))
for (const { path, fault } of tiers) if (fault) console.error(`${path}: ${fault}`)
const passed = tiers.reduce((sum, tier) => sum + tier.passed, 0)
const failed = tiers.reduce((sum, tier) => sum + tier.failed, 0)
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 || passed === 0 ? 1 : 0
