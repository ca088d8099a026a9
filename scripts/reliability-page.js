// reliability-page.js REPORT PAGE: writes the figures of a run of the faults tier, from vitest's JSON report, into the
// page, in place of what stands after its marker.  A run with a failed or skipped test writes nothing and fails.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { relative, resolve } from 'node:path'
import { format, resolveConfig } from 'prettier'

const marker = '<!-- Written by `make faults` from here on. -->'
const [reportPath, pagePath] = process.argv.slice(2)

const columns = [
  ['fault', ({ fault }) => fault],
  ['times', ({ times = 1 }) => times],
  ['samples due', ({ expected }) => expected],
  ['missing, with a reason', ({ missing }) => missing],
  ['received', ({ received }) => received],
  ['repeated', ({ repeats }) => repeats],
  ['time lost, s', ({ lostSeconds }) => lostSeconds?.toFixed(1)],
  ['calls out', ({ callsOut }) => callsOut],
  ['files', held('files')],
  ['threads', held('threads')],
  ['memory, MiB', held('mebibytes')],
  ['test', ({ test }) => linkTo(test)],
]

function held(what) {
  return ({ before, after }) => after && (before ? `${before[what]} → ${after[what]}` : after[what])
}

/** Every test of the report, with the figures that it recorded. */
function testsOf({ testResults }) {
  return testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map(({ fullName, status, meta }) => ({
      file: relative(resolve('.'), name),
      name: fullName,
      status,
      faults: meta.faults ?? [],
    })),
  )
}

function linkTo({ file, name }) {
  return `[${file.replace(/^.*\/(.*)\.test\.ts$/, '$1')}](../${file}): ${name}`
}

function tableOf(rows) {
  const line = (cells) => `| ${cells.map((cell) => String(cell ?? '').replaceAll('|', '\\|')).join(' | ')} |`
  const lines = rows.map((row) => line(columns.map(([, cellOf]) => cellOf(row))))
  return [line(columns.map(([head]) => head)), line(columns.map(() => '---')), ...lines].join('\n')
}

function heading({ startTime }) {
  const git = (...args) =>
    execFileSync('git', ['-c', 'safe.directory=*', ...args], { encoding: 'utf8' }).trim()
  const dirty =
    git('status', '--porcelain', '--untracked-files=no', '--', '.', `:!${pagePath}`) === ''
      ? ''
      : ' and changes to it'
  const scale = process.env.VIRTPOLL_FAULTS === 'full' ? 'in full' : 'at the reduced figures of `make test`'
  const day = new Date(startTime).toISOString().slice(0, 10)
  return (
    `Commit ${git('rev-parse', '--short=10', 'HEAD')}${dirty}, ${day}, ${scale}, on a machine with ${cpus().length} ` +
    'processors that also ran the guests, libvirtd and RabbitMQ.'
  )
}

function generated(report) {
  const tests = testsOf(report).toSorted((one, other) => (one.file < other.file ? -1 : 1))
  const rows = tests.flatMap((test) => test.faults.map((figures) => ({ ...figures, test })))
  const others = tests.filter(({ faults }) => faults.length === 0)
  const parts = [marker, heading(report), '## Figures', tableOf(rows)]
  if (others.length > 0) parts.push('## Held as well', others.map((test) => `- ${linkTo(test)}`).join('\n'))
  return parts.join('\n\n')
}

const report = JSON.parse(readFileSync(reportPath, 'utf8'))
const failed = testsOf(report).filter(({ status }) => status !== 'passed')
if (!report.success || report.numTotalTests === 0 || failed.length > 0) {
  for (const test of failed) console.error(`${test.status}: ${test.file}: ${test.name}`)
  console.error(`${pagePath} is as it was: the run of ${reportPath} did not pass`)
  process.exitCode = 1
} else {
  const page = readFileSync(pagePath, 'utf8')
  if (!page.includes(marker)) throw new Error(`${pagePath} has no line ${marker}`)
  const text = page.slice(0, page.indexOf(marker)) + generated(report)
  writeFileSync(pagePath, await format(text, { ...(await resolveConfig(pagePath)), parser: 'markdown' }))
  console.log(`${pagePath} has the figures of ${report.numTotalTests} tests`)
}
