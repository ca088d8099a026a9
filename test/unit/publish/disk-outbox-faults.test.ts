import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { createOutboxFolder, type OutboxFolder } from '../../../src/publish/outbox-folder.js'
import {
  fileCount,
  holder,
  leave,
  deadPublisher,
  namesIn,
  newOutboxPath,
  passing,
  putAll,
  removeOutboxes,
  runOutbox,
  storedInAll,
} from '../../support/disk-outbox.js'
import { createFakeClock } from '../../support/fake-clock.js'
import { createFakePublisher } from '../../support/fake-publisher.js'

afterEach(removeOutboxes)

const mebibyte = 1024 * 1024
const noSpace = () => Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })

/** A folder whose disk a test fills, and hangs. */
function faultyFolder(path: string): { folder: OutboxFolder; fill(full: boolean): void; hang(): () => void } {
  const disk = createOutboxFolder(path, holder)
  let full = false
  let held: Promise<void> | undefined
  const unlessFull = async (work: () => Promise<void>): Promise<void> => {
    await held
    if (full) throw noSpace()
    await work()
  }
  const folder: OutboxFolder = {
    path,
    open: async () => {
      await held
      await disk.open()
    },
    scan: () => disk.scan(),
    write: (name, content) => unlessFull(() => disk.write(name, content)),
    sync: () => disk.sync(),
    read: (name) => disk.read(name),
    isInPlace: () => disk.isInPlace(),
    probe: () => unlessFull(() => disk.probe()),
    markDone: (name, key) => unlessFull(() => disk.markDone(name, key)),
    remove: (name, doneBy) => disk.remove(name, doneBy),
    setAside: (name, as) => disk.setAside(name, as),
    close: () => disk.close(),
  }
  return {
    folder,
    fill: (now) => (full = now),
    hang() {
      let release: () => void = () => undefined
      held = new Promise((resolve) => (release = resolve))
      return () => {
        held = undefined
        release()
      }
    },
  }
}

describe('a disk that is full', () => {
  it('costs nothing while memory suffices: one line when it begins, one when all is on disk', async () => {
    const path = await newOutboxPath()
    const disk = faultyFolder(path)
    const publisher = deadPublisher()
    const run = await runOutbox(path, [publisher], { folder: disk.folder })
    disk.fill(true)
    putAll(run.outbox, ['a', 'b'])
    await passing(run.clock, 'it is noticed', () => run.outages.length === 1)
    await run.clock.advance(100)
    expect(run.outages).toMatchObject([{ code: 'OUTBOX_UNWRITABLE' }])
    expect(run.outages[0]?.message).toContain(path)
    expect(run.outbox.figures).toMatchObject({ queuedNotifications: 2, storedNotifications: 0 })
    disk.fill(false)
    await passing(run.clock, 'it is back', () => run.recoveries.length === 1)
    expect(await namesIn(path)).toHaveLength(2)
    publisher.fail(undefined)
    await passing(run.clock, 'all are sent', () => publisher.taken.length === 2)
    await fileCount(path, 0)
    await run.stop()
  })

  it('is tried again when nothing is left to write', async () => {
    const disk = faultyFolder(await newOutboxPath())
    const publisher = deadPublisher()
    const run = await runOutbox(disk.folder.path, [publisher], { folder: disk.folder })
    disk.fill(true)
    putAll(run.outbox, ['a'])
    await passing(run.clock, 'it is noticed', () => run.outages.length === 1)
    publisher.fail(undefined)
    await passing(run.clock, 'it is delivered', () => publisher.taken.length === 1)
    await run.clock.advance(100)
    expect(run.recoveries).toEqual([])
    disk.fill(false)
    await passing(run.clock, 'it is back', () => run.recoveries.length === 1)
    await run.stop()
  })

  it('leaves 64 MiB in memory, and the oldest are dropped for what is more', async () => {
    const disk = faultyFolder(await newOutboxPath())
    disk.fill(true)
    const run = await runOutbox(disk.folder.path, [deadPublisher()], { folder: disk.folder })
    putAll(
      run.outbox,
      Array.from({ length: 70 }, (_, index) => String(index)),
      mebibyte,
    )
    await passing(run.clock, 'it is noticed', () => run.outages.length === 1)
    expect(run.outbox.figures).toMatchObject({ queuedNotifications: 64, droppedSamples: { unwritable: 12 } })
    await run.stop()
    expect(run.outbox.figures).toMatchObject({ queuedNotifications: 0, droppedSamples: { stopped: 128 } })
  })
})

describe('a disk that hangs when the agent starts', () => {
  it('holds the start up for five seconds, is told once, and gives what it holds when it is back', async () => {
    const path = await newOutboxPath()
    await leave(path, ['old'])
    const disk = faultyFolder(path)
    const release = disk.hang()
    const publisher = createFakePublisher()
    const clock = createFakeClock()
    let started = false
    const starting = runOutbox(path, [publisher], { folder: disk.folder, clock })
    void starting.then(() => (started = true))
    await clock.advance(4)
    expect(started).toBe(false)
    await clock.advance(1)
    const run = await starting
    expect(run.outages).toMatchObject([{ code: 'OUTBOX_UNWRITABLE' }])
    putAll(run.outbox, ['new'])
    await passing(clock, 'the new one is delivered', () => publisher.taken.length === 1)
    await clock.advance(100)
    expect([run.outages.length, run.opened]).toEqual([1, []])
    release()
    await passing(clock, 'it is back', () => run.recoveries.length === 1)
    await passing(clock, 'the old one is delivered', () => publisher.taken.length === 2)
    expect(publisher.taken).toEqual(['new', 'old'])
    await run.stop()
  })
})

describe('a disk that hangs', () => {
  it('holds up no delivery, and is told after 30 seconds', async () => {
    const disk = faultyFolder(await newOutboxPath())
    const publisher = createFakePublisher()
    const run = await runOutbox(disk.folder.path, [publisher], { folder: disk.folder })
    const release = disk.hang()
    putAll(run.outbox, ['a', 'b'])
    await run.clock.advance(29)
    expect([publisher.taken, run.outages]).toEqual([['a', 'b'], []])
    await run.clock.advance(2)
    expect(run.outages).toMatchObject([{ code: 'OUTBOX_UNWRITABLE' }])
    release()
    await passing(run.clock, 'it is back', () => run.recoveries.length === 1)
    await fileCount(disk.folder.path, 0)
    await run.stop()
  })

  it('does not hold up the end', async () => {
    const disk = faultyFolder(await newOutboxPath())
    const run = await runOutbox(disk.folder.path, [deadPublisher()], { folder: disk.folder })
    disk.hang()
    putAll(run.outbox, ['a'])
    const stopped = run.stop()
    await run.clock.advance(1)
    await stopped
    expect(run.outbox.figures).toMatchObject({ queuedNotifications: 0, droppedSamples: { stopped: 2 } })
  })
})

describe('a folder that cannot be made', () => {
  it('is an outage from the start; when it can be, what waited and what was there is kept', async () => {
    const path = await newOutboxPath()
    await leave(path, ['old'])
    await rename(path, `${path}.away`)
    await writeFile(path, 'a file where the folder should be')
    const publisher = deadPublisher()
    const run = await runOutbox(path, [publisher])
    expect(run.outages).toMatchObject([{ code: 'OUTBOX_UNWRITABLE' }])
    putAll(run.outbox, ['new'])
    await rm(path)
    await rename(`${path}.away`, path)
    await passing(run.clock, 'it is back', () => run.recoveries.length === 1)
    expect(run.opened).toMatchObject([{ notifications: 1 }])
    expect(run.outbox.figures).toMatchObject({ queuedNotifications: 2, storedNotifications: 2 })
    publisher.fail(undefined)
    await passing(run.clock, 'both are sent', () => publisher.taken.length === 2)
    expect(publisher.taken).toEqual(['old', 'new'])
    await run.stop()
  })

  it('is made anew when somebody deletes it', async () => {
    const path = await newOutboxPath()
    const run = await runOutbox(path, [deadPublisher()])
    await rm(path, { recursive: true })
    putAll(run.outbox, ['a'])
    await passing(run.clock, 'it is on disk', () => run.outbox.figures.storedNotifications === 1)
    expect(await namesIn(path)).toHaveLength(1)
    await run.stop()
  })

  it('keeps a mode that lets others in no longer than until it is opened', async () => {
    const path = await newOutboxPath()
    await mkdir(path)
    await chmod(path, 0o755)
    const run = await runOutbox(path, [createFakePublisher()])
    expect((await stat(path)).mode & 0o777).toBe(0o700)
    await run.stop()
  })
})

describe('a flood', () => {
  it('never makes put wait, and goes to disk in order', async () => {
    const path = await newOutboxPath()
    const run = await runOutbox(path, [deadPublisher()])
    const ids = Array.from({ length: 300 }, (_, index) => String(index).padStart(3, '0'))
    putAll(run.outbox, ids, 20_000)
    await storedInAll(run)
    const files = await Promise.all((await namesIn(path)).map((name) => readFile(join(path, name), 'latin1')))
    expect(files.map((text) => /"messageId":"(\d+)"/.exec(text)?.[1])).toEqual(ids)
    await run.stop()
  })
})
