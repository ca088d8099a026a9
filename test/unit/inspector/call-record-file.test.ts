import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createCallRecordFile } from '../../../src/inspector/libvirt/call-record-file.js'

let folder = ''
const errors: Error[] = []
const storeAt = (path: string) => createCallRecordFile(path, (error) => errors.push(error))

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'virtpoll-calls-'))
  errors.length = 0
})
afterEach(() => rm(folder, { recursive: true, force: true }))

it('gives a later process the calls that the earlier one saved last', () => {
  const path = join(folder, 'run', 'calls.json')
  storeAt(path).save([['a', 'b'], ['c']])
  storeAt(path).save([['d']])

  expect(storeAt(path).load()).toEqual([['d']])
  expect(errors).toEqual([])
})

it('keeps its file from other users', async () => {
  const path = join(folder, 'run', 'calls.json')
  storeAt(path).save([['a']])

  expect((await stat(path)).mode & 0o777).toBe(0o600)
  expect((await stat(join(folder, 'run'))).mode & 0o777).toBe(0o700)
})

it.each([
  ['no file', undefined],
  ['an empty file', ''],
  ['half a file', '{"calls":[["a"'],
  ['another file', '[1, 2]'],
  ['nothing', 'null'],
])('takes %s for no calls', async (_what, text) => {
  const path = join(folder, 'calls.json')
  if (text !== undefined) await writeFile(path, text)

  expect(storeAt(path).load()).toEqual([])
})

it('leaves out what is no list of domains', async () => {
  const path = join(folder, 'calls.json')
  await writeFile(path, JSON.stringify({ calls: [['a'], [1], 'b', null] }))

  expect(storeAt(path).load()).toEqual([['a']])
})

it('says once that it cannot write, and again after it could', async () => {
  const path = join(folder, 'calls.json')
  const store = storeAt(path)
  await rm(folder, { recursive: true })
  await writeFile(folder, 'no folder')
  store.save([['a']])
  store.save([['a']])
  expect(errors).toHaveLength(1)

  await rm(folder)
  store.save([['b']])
  expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ calls: [['b']] })
  await rm(folder, { recursive: true })
  await writeFile(folder, 'no folder')
  store.save([['a']])
  expect(errors).toHaveLength(2)
  await rm(folder)
})
