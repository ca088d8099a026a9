// breakages.js [--report FILE] [PATCH...]: does the suite notice when a behaviour breaks?  Applies each patch (default: all of
// test/breakages) to a copy of the working tree, runs the tests that the patch names, and prints which of them failed.
// A patch that no test notices fails the run, and so does one that does not apply.  The format of a patch is in
// test/breakages/README.md.  Tests of the lab need the lab: test/lab/lab with node scripts/breakages.js
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'

const run = promisify(execFile)
const root = fileURLToPath(new URL('..', import.meta.url))
/** Built once and shared by all copies. */
const shared = ['node_modules', 'native/build', 'native/prebuilds']
const copiesAtOnce = 2
const deadlineMs = 180_000

/** @typedef {{ name: string, breaks: string, tests: string[], named: string, path: string }} Breakage */

/** @returns {Promise<Breakage>} */
async function readBreakage(path) {
  const text = await readFile(path, 'utf8')
  const header = (key) => new RegExp(`^# ${key}: (.+)$`, 'm').exec(text)?.[1] ?? ''
  const [tests, named] = [header('Tests').split(' ').filter(Boolean), header('Named')]
  return { name: basename(path, '.patch'), breaks: header('Breaks'), tests, named, path: resolve(path) }
}

/** A copy of what the working tree has and git does not ignore. */
async function copyTree(copy) {
  const listed = ['-c', 'safe.directory=*', 'ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const { stdout } = await run('git', listed, { cwd: root, maxBuffer: 1e8 })
  for (const file of stdout.split('\0').filter(Boolean))
    await cp(join(root, file), join(copy, file)).catch(ignoreDeleted)
  for (const path of shared) await symlink(join(root, path), join(copy, path))
}

function ignoreDeleted(error) {
  if (error.code !== 'ENOENT') throw error
}

/**
 * The tests of breakages that fail in a tree, as `file: name`. A file that cannot even be loaded is a fault, not a failed
 * test.
 */
async function failedTests(tree, breakages) {
  const report = join(tree, 'report.json')
  const named = breakages.map((breakage) => breakage.named)
  const args = [
    ...['run', '--reporter=json', `--outputFile=${report}`],
    ...(named.includes('') ? [] : ['--testNamePattern', named.join('|')]),
    ...new Set(breakages.flatMap(({ tests }) => tests)),
  ]
  await rm(report, { force: true })
  const vitest = join(tree, 'node_modules/.bin/vitest')
  const options = { cwd: tree, timeout: deadlineMs, killSignal: 'SIGKILL', maxBuffer: 1e8 }
  // The status says that something failed; the report says what.
  const output = await run(vitest, args, options).catch((error) => error)
  const { testResults: files } = JSON.parse(
    await readFile(report, 'utf8').catch(() => {
      throw new Error(`the tests could not run: ${output.stderr || output.message}`)
    }),
  )
  if (files.length === 0) throw new Error('no test ran')
  return files.flatMap(({ name, assertionResults, message }) => {
    const file = relative(tree, name)
    if (assertionResults.length === 0) throw new Error(`${file} could not be loaded: ${message}`)
    return assertionResults
      .filter(({ status }) => status === 'failed')
      .map(({ fullName }) => `${file}: ${fullName}`)
  })
}

/** The first test that fails with the breakage and not without it. */
async function noticedBy(breakage, { tree, failWithout }) {
  const { path } = breakage
  await run('git', ['apply', '-C1', path], { cwd: tree })
  const failed = await failedTests(tree, [breakage]).finally(() =>
    run('git', ['apply', '-C1', '-R', path], { cwd: tree }),
  )
  const first = failed.find((test) => !failWithout.has(test))
  if (first === undefined) throw new Error('SURVIVED: no test noticed; write the one that is missing')
  return first
}

/** One breakage after the other in a tree of its own. */
async function work(queue, place, results) {
  for (let breakage = queue.shift(); breakage !== undefined; breakage = queue.shift()) {
    const { name, breaks } = breakage
    const result = await noticedBy(breakage, place).then(
      (test) => ({ name, passed: true, text: `noticed by ${test}` }),
      (error) => ({ name, passed: false, text: error.message }),
    )
    console.log(`${result.passed ? 'ok  ' : 'FAIL'} ${name}: ${breaks}\n     ${result.text}`)
    results.push(result)
  }
}

const inTheLab = ({ tests }) => tests.some((path) => !/^test\/(?:unit|contract)\b/.test(path))

async function tryAll(breakages, folder) {
  const trees = Array.from({ length: copiesAtOnce }, (_, index) => join(folder, String(index)))
  for (const tree of trees) await copyTree(tree)
  const [lab, plain] = [breakages.filter(inTheLab), breakages.filter((breakage) => !inTheLab(breakage))]
  const failWithout = new Set()
  for (const group of [plain, lab].filter(({ length }) => length > 0))
    for (const test of await failedTests(trees[0], group)) failWithout.add(test)
  const results = [...failWithout].map((name) => ({
    name,
    passed: false,
    text: 'fails without any breakage',
  }))
  for (const { name, text } of results) console.log(`FAIL ${name}\n     ${text}`)
  await Promise.all(trees.map((tree) => work(plain, { tree, failWithout }, results)))
  // The lab has one broker, so these go one after the other.
  await work(lab, { tree: trees[0], failWithout }, results)
  return results
}

/** In the form of vitest's JSON reports. */
async function writeReport(file, results) {
  const passed = results.filter((result) => result.passed).length
  const assertionResults = results.map(({ name, passed, text }) => ({
    fullName: name,
    status: passed ? 'passed' : 'failed',
    failureMessages: passed ? [] : [text],
  }))
  const report = {
    numTotalTests: results.length,
    numPassedTests: passed,
    numFailedTests: results.length - passed,
    numPendingTests: 0,
    numTodoTests: 0,
    testResults: [{ name: 'test/breakages', status: 'passed', assertionResults }],
  }
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, JSON.stringify(report))
}

const { values, positionals } = parseArgs({ options: { report: { type: 'string' } }, allowPositionals: true })
const patches = join(root, 'test/breakages')
const all = async () => (await readdir(patches)).filter((name) => name.endsWith('.patch')).sort()
const paths = positionals.length > 0 ? positionals : (await all()).map((name) => join(patches, name))
const folder = await mkdtemp(join(tmpdir(), 'virtpoll-breakages-'))
const started = performance.now()
try {
  const results = await tryAll(await Promise.all(paths.map(readBreakage)), folder)
  if (values.report !== undefined) await writeReport(values.report, results)
  const failed = results.filter(({ passed }) => !passed).length
  const seconds = Math.round((performance.now() - started) / 1000)
  console.log(`${results.length - failed} breakages noticed, ${failed} failed, in ${seconds} s`)
  process.exitCode = failed > 0 || results.length === 0 ? 1 : 0
} finally {
  await rm(folder, { recursive: true, force: true })
}
