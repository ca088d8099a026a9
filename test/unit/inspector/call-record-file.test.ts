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
  const path = join(folder, 'run', 'calls.jsonl')
  storeAt(path).save([['a', 'b'], ['c']])
  storeAt(path).save([['d']])

  expect(storeAt(path).load()).toEqual([['d']])
  expect(errors).toEqual([])
})

it('has what it saved before, when it was killed in the middle of a line', async () => {
  const path = join(folder, 'calls.jsonl')
  const store = storeAt(path)
  store.save([['a']])
  store.save([['a'], ['b']])
  const text = await readFile(path, 'utf8')
  await writeFile(path, text.slice(0, -2))

  expect(storeAt(path).load()).toEqual([['a']])
})

it('has a file that grows no longer than 256 KiB, and always holds what was saved last', async () => {
  const path = join(folder, 'calls.jsonl')
  const store = storeAt(path)
  const domains = Array.from({ length: 300 }, (_, index) => `${index}`.padStart(36, '0'))
  const sizes: number[] = []
  for (let saved = 0; saved < 50; saved += 1) {
    store.save([domains, [`${saved}`]])
    expect(storeAt(path).load()).toEqual([domains, [`${saved}`]])
    sizes.push((await stat(path)).size)
  }
  expect(Math.max(...sizes)).toBeLessThanOrEqual(256 * 1024)
  expect(sizes.filter((size, index) => size < (sizes[index - 1] ?? 0))).toHaveLength(2)
  expect(errors).toEqual([])
})

it('is written anew where somebody took it away', async () => {
  const path = join(folder, 'calls.jsonl')
  const store = storeAt(path)
  store.save([['a']])
  await rm(path)
  store.save([['b']])
  store.save([['b'], ['c']])

  expect(storeAt(path).load()).toEqual([['b'], ['c']])
})

it('keeps its file from other users', async () => {
  const path = join(folder, 'run', 'calls.jsonl')
  storeAt(path).save([['a']])

  expect((await stat(path)).mode & 0o777).toBe(0o600)
  expect((await stat(join(folder, 'run'))).mode & 0o777).toBe(0o700)
})

it.each([
  ['no file', undefined],
  ['an empty file', ''],
  ['half a line', '{"calls":[["a"'],
  ['another file', '[1, 2]\n'],
  ['nothing', 'null\n'],
])('takes %s for no calls', async (_what, text) => {
  const path = join(folder, 'calls.jsonl')
  if (text !== undefined) await writeFile(path, text)

  expect(storeAt(path).load()).toEqual([])
})

it('leaves out what is no list of domains', async () => {
  const path = join(folder, 'calls.jsonl')
  await writeFile(path, `${JSON.stringify({ calls: [['a'], [1], 'b', null] })}\n`)

  expect(storeAt(path).load()).toEqual([['a']])
})

it('says once that it cannot write, and again after it could', async () => {
  const path = join(folder, 'calls.jsonl')
  const store = storeAt(path)
  await rm(folder, { recursive: true })
  await writeFile(folder, 'no folder')
  store.save([['a']])
  store.save([['a']])
  expect(errors).toHaveLength(1)

  await rm(folder)
  store.save([['b']])
  expect(await readFile(path, 'utf8')).toBe('{"calls":[["b"]]}\n')
  await rm(folder, { recursive: true })
  await writeFile(folder, 'no folder')
  store.save([['a']])
  expect(errors).toHaveLength(2)
  await rm(folder)
})
