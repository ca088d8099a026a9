import { execFileSync } from 'node:child_process'
import { appendFile, chmod, mkdtemp, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { messagesOf } from '../../../src/publish/batches.js'
import { createFilePublisher } from '../../../src/publish/file-publisher.js'
import { aNotification } from '../../support/notifications.js'
import { aSample } from '../../support/samples.js'

const patient = new AbortController().signal
let folder: string
let path: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'virtpoll-file-publisher-'))
  path = join(folder, 'samples.jsonl')
})
afterEach(() => rm(folder, { recursive: true }))

describe('the file publisher', () => {
  it('writes each sample as the very text that was signed, one a line', async () => {
    const notification = aNotification([
      aSample({ volume: 18446744073709551615n }),
      aSample({ volume: 512, numberKind: 'float', metadata: { display_name: 'a\nb, \u2028ż' } }),
    ])
    await createFilePublisher(path).publish(notification, patient)
    const text = await readFile(path, 'utf8')
    expect(text).toBe(`${messagesOf(notification).join('\n')}\n`)
    expect(text.match(/"counter_volume":[^,]*/g)).toEqual([
      '"counter_volume":18446744073709551615',
      '"counter_volume":512.0',
    ])
  })

  it('creates the file for its owner alone and leaves the mode of one that is there', async () => {
    await createFilePublisher(path).publish(aNotification(), patient)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    await chmod(path, 0o640)
    await createFilePublisher(path).publish(aNotification(), patient)
    expect((await stat(path)).mode & 0o777).toBe(0o640)
  })

  it('appends to what is there', async () => {
    await writeFile(path, '{"older":1}\n')
    await createFilePublisher(path).publish(aNotification(), patient)
    expect((await readFile(path, 'utf8')).split('\n')).toHaveLength(4)
  })

  it('begins a new file when the old one was moved away', async () => {
    const publisher = createFilePublisher(path)
    const [before, after] = [aNotification(), aNotification()]
    await publisher.publish(before, patient)
    await rename(path, `${path}.1`)
    await publisher.publish(after, patient)
    expect(await readFile(`${path}.1`, 'utf8')).toBe(`${messagesOf(before).join('\n')}\n`)
    expect(await readFile(path, 'utf8')).toBe(`${messagesOf(after).join('\n')}\n`)
  })

  it('does not glue a sample to the half line of a process that died', async () => {
    await writeFile(path, '{"counter_name":"cp')
    const notification = aNotification()
    await createFilePublisher(path).publish(notification, patient)
    expect((await readFile(path, 'utf8')).split('\n')).toEqual([
      '{"counter_name":"cp',
      ...messagesOf(notification),
      '',
    ])
  })

  it('sees a half line that appeared while it was running', async () => {
    const publisher = createFilePublisher(path)
    await publisher.publish(aNotification(), patient)
    await appendFile(path, '{"half')
    const last = aNotification()
    await publisher.publish(last, patient)
    expect((await readFile(path, 'utf8')).split('\n').slice(-4, -1)).toEqual(['{"half', ...messagesOf(last)])
  })

  it('names the path and the cause when it cannot write', async () => {
    const publisher = createFilePublisher(folder)
    const failure = {
      code: 'FILE_UNWRITABLE',
      message: expect.stringContaining(`${folder}: EISDIR`) as string,
      details: { path: folder },
    }
    await expect(publisher.publish(aNotification(), patient)).rejects.toMatchObject(failure)
    await expect(publisher.ready(patient)).rejects.toMatchObject(failure)
  })

  it('says so when the disk is full, and not only when it is opened', async () => {
    await symlink('/dev/full', path)
    await expect(createFilePublisher(path).publish(aNotification(), patient)).rejects.toMatchObject({
      code: 'FILE_UNWRITABLE',
      cause: { code: 'ENOSPC' },
    })
  })

  it('takes a write back that failed half-way', async () => {
    const older = `${'x'.repeat(999)}\n`
    await writeFile(path, older)
    const publisher = createFilePublisher(path)
    limitFileSize('1200')
    try {
      await expect(publisher.publish(aNotification(), patient)).rejects.toMatchObject({
        cause: { code: 'EFBIG' },
      })
    } finally {
      limitFileSize('unlimited')
    }
    expect(await readFile(path, 'utf8')).toBe(older)
  })

  it('writes again once the fault is mended', async () => {
    await symlink(join(folder, 'not-there-yet', 'samples.jsonl'), path)
    const publisher = createFilePublisher(path)
    await expect(publisher.publish(aNotification(), patient)).rejects.toMatchObject({
      code: 'FILE_UNWRITABLE',
    })
    await rm(path)
    const notification = aNotification()
    await publisher.publish(notification, patient)
    expect(await readFile(path, 'utf8')).toBe(`${messagesOf(notification).join('\n')}\n`)
  })
})

/** The most bytes a file may have for this process; the kernel then writes what still fits, as on a full disk. */
function limitFileSize(softLimit: string): void {
  execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${softLimit}:`])
}
