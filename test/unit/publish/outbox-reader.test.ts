import { chmod, mkdir, rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { createOutboxFolder, type OutboxFolder } from '../../../src/publish/outbox-folder.js'
import {
  fileCount,
  holder,
  leave,
  namesIn,
  newOutboxPath,
  removeOutboxes,
  runOutbox,
} from '../../support/disk-outbox.js'
import type { FakeClock } from '../../support/fake-clock.js'
import { createFakePublisher } from '../../support/fake-publisher.js'
import { waitFor } from '../../support/wait-for.js'

afterEach(removeOutboxes)

const failure = (code: string) => Object.assign(new Error(`${code}: read`), { code })

/** A folder whose files cannot be read while a test says so. */
class UnreadableFolder {
  /** By name, for a file; undefined reads it. */
  fault: (name: string) => Error | undefined = () => undefined
  /** Its disk takes no writes, or another is in its place. */
  isAway = false
  isCovered = false
  reads = 0
  readonly folder: OutboxFolder

  constructor(path: string) {
    const disk = createOutboxFolder(path, holder)
    this.folder = {
      path,
      open: () => disk.open(),
      scan: () => disk.scan(),
      write: (name, content) => disk.write(name, content),
      sync: () => disk.sync(),
      read: async (name) => {
        this.reads += 1
        const error = this.fault(name)
        if (error !== undefined) throw error
        return disk.read(name)
      },
      isInPlace: async () => !this.isCovered && (await disk.isInPlace()),
      probe: () => (this.isAway ? Promise.reject(failure('EIO')) : disk.probe()),
      markDone: (name, key) => disk.markDone(name, key),
      remove: (name, doneBy) => disk.remove(name, doneBy),
      setAside: (name, as) => disk.setAside(name, as),
      close: () => disk.close(),
    }
  }
}

/** Lets the clock run, in steps longer than any wait between two tries, until the probe is true. */
const striding = (clock: FakeClock, what: string, probe: () => boolean) =>
  waitFor(what, async () => {
    if (!probe()) await clock.advance(30)
    return probe()
  })

const ids = Array.from({ length: 30 }, (_, index) => `n${String(index).padStart(2, '0')}`)

describe('a disk that is away while a backlog goes out', () => {
  const nothing = { damaged: 0, expired: 0, unwritable: 0 }

  it.each([
    { code: 'EIO', isAway: true, isCovered: false },
    { code: 'EACCES', isAway: true, isCovered: false },
    { code: 'ESTALE', isAway: true, isCovered: true },
    { code: 'ENOENT', isAway: false, isCovered: true },
    { code: 'EMFILE', isAway: false, isCovered: false },
  ])('costs no notification, nor their order: $code', async ({ code, ...away }) => {
    const path = await newOutboxPath()
    await leave(path, ids)
    const disk = new UnreadableFolder(path)
    Object.assign(disk, { fault: () => failure(code), ...away })
    const publisher = createFakePublisher()
    const run = await runOutbox(path, [publisher], { folder: disk.folder, maxAgeSeconds: 1e9 })
    await striding(run.clock, 'it was asked often', () => disk.reads >= 20)
    expect(run.outbox.figures).toMatchObject({ queuedNotifications: 30, droppedSamples: nothing })
    Object.assign(disk, { fault: () => undefined, isAway: false, isCovered: false })
    await striding(run.clock, 'everything is delivered', () => publisher.taken.length === ids.length)
    expect(publisher.taken).toEqual(ids)
    await fileCount(path, 0)
    expect(run.outbox.figures).toMatchObject({ queuedNotifications: 0, droppedSamples: nothing })
    expect(run.damages).toEqual([])
    await run.stop()
  })
})

describe('a file that alone cannot be read', () => {
  it('is given up after a minute, and the others are delivered', async () => {
    const path = await newOutboxPath()
    const [bad = ''] = await leave(path, ids)
    const disk = new UnreadableFolder(path)
    disk.fault = (name) => (name === basename(bad) ? failure('EIO') : undefined)
    const publisher = createFakePublisher()
    const run = await runOutbox(path, [publisher], { folder: disk.folder, maxAgeSeconds: 1e9 })
    await run.clock.advance(59)
    expect(run.damages).toEqual([])
    await striding(run.clock, 'the others are delivered', () => publisher.taken.length === ids.length - 1)
    expect(publisher.taken).toEqual(ids.slice(1))
    expect(run.damages).toMatchObject([{ code: 'OUTBOX_DAMAGED', details: { file: basename(bad) } }])
    await fileCount(path, 1)
    expect(await namesIn(join(path, 'damaged'))).toEqual([basename(bad)])
    await run.stop()
  })

  it('has its minute anew when its disk was away meanwhile', async () => {
    const path = await newOutboxPath()
    await leave(path, ['a'])
    const disk = new UnreadableFolder(path)
    // Four failures, four while the disk is away, four more: each time too few to condemn the file.
    disk.fault = () => {
      disk.isAway = disk.reads > 4 && disk.reads <= 8
      return disk.reads <= 12 ? failure('EIO') : undefined
    }
    const publisher = createFakePublisher()
    const run = await runOutbox(path, [publisher], { folder: disk.folder, maxAgeSeconds: 1e9 })
    await striding(run.clock, 'it is delivered', () => publisher.taken.length === 1)
    expect(run.damages).toEqual([])
    await run.stop()
  })
})

describe('a folder', () => {
  it('is in place while it is there, also when it was made anew', async () => {
    const path = await newOutboxPath()
    const folder = createOutboxFolder(path, holder)
    await folder.open()
    const there = await folder.isInPlace()
    await rename(path, `${path}.away`)
    const away = await folder.isInPlace()
    await mkdir(path)
    await chmod(path, 0o700)
    const anew = await folder.isInPlace()
    await rm(path, { recursive: true })
    await folder.close()
    expect({ there, away, anew }).toEqual({ there: true, away: false, anew: true })
  })
})
