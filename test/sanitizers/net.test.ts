import { execFile } from 'node:child_process'
import { cp, rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { runSanitized, sanitizedBuild, sanitizerStatus } from '../support/sanitized.js'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))
const patch = fileURLToPath(new URL('planted-faults.patch', import.meta.url))
/** Beside the other, because the paths in its makefiles are relative. */
const planted = `${root}native/build/planted`

beforeAll(async () => {
  await rm(planted, { recursive: true, force: true })
  await cp(sanitizedBuild, planted, { recursive: true, preserveTimestamps: true })
  await run(
    'git',
    ['-c', 'safe.directory=*', 'apply', '-C1', '-p2', '--directory=native/build/planted', patch],
    {
      cwd: root,
    },
  )
  await run('make', ['-C', `${planted}/build`, 'BUILDTYPE=Release'])
})
afterAll(() => rm(planted, { recursive: true, force: true }))

const lookUp = (fault: string | undefined) =>
  runSanitized({
    name: 'look-up',
    given: { uri: 'test:///default' },
    build: planted,
    env: fault === undefined ? {} : { PLANTED: fault },
  })

it('finds nothing where no fault is planted', async () => {
  expect(await lookUp(undefined)).toMatchObject({ code: 0, stderr: '' })
})

it.each([
  ['memory that is used after it was freed', 'freed', /heap-use-after-free/],
  ['memory that is never freed', 'memory', /LeakSanitizer: detected memory leaks/],
  ['a reference of libvirt that is never given back', 'reference', /LeakSanitizer: detected memory leaks/],
  ['a signed integer that overflows', 'overflow', /runtime error: signed integer overflow/],
  ['a null pointer', 'null', /runtime error: .*null pointer/],
])('notices %s', async (_what, fault, report) => {
  const { code, stderr } = await lookUp(fault)

  expect(stderr).toMatch(report)
  expect(stderr).toContain('Lane::FindDomain')
  expect(code).toBe(sanitizerStatus)
})
