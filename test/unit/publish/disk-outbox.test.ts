import { link, mkdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { Notification } from '../../../src/publish/publisher.js'
import {
  deadPublisher,
  fileCount,
  leave,
  namesIn,
  newOutboxPath,
  notificationOf,
  passing,
  putAll,
  removeOutboxes,
  runOutbox,
  storedInAll,
} from '../../support/disk-outbox.js'
import { createFakeClock } from '../../support/fake-clock.js'
import { createFakePublisher } from '../../support/fake-publisher.js'
import { poison } from '../../support/outbox.js'
import { waitFor } from '../../support/wait-for.js'

afterEach(removeOutboxes)

describe('a notification on disk', () => {
  it('is one file, for its owner alone, and gone when the destination has it', async () => {
    const path = await newOutboxPath()
    const publisher = deadPublisher()
    const run = await runOutbox(path, [publisher])
    putAll(run.outbox, ['a'])
    await storedInAll(run)
    const [name = ''] = await namesIn(path)
    expect((await stat(path)).mode & 0o777).toBe(0o700)
    expect((await stat(join(path, name))).mode & 0o777).toBe(0o600)
    publisher.fail(undefined)
    await passing(run.clock, 'it is delivered', () => publisher.taken.length === 1)
    await fileCount(path, 0)
    await run.stop()
  })

  it('is sent by the next run, the same in every field, oldest first and before what is new', async () => {
    const path = await newOutboxPath()
    const first = await runOutbox(path, [deadPublisher()])
    putAll(first.outbox, ['a', 'b', 'c'])
    await storedInAll(first)
    await first.stop()
    expect(first.outbox.figures).toMatchObject({ queuedNotifications: 3, droppedSamples: { stopped: 0 } })

    const sent: Notification[] = []
    const publisher = {
      ...createFakePublisher(),
      publish: (one: Notification) => Promise.resolve(void sent.push(one)),
    }
    const second = await runOutbox(path, [publisher])
    putAll(second.outbox, ['d'])
    await passing(second.clock, 'all are sent', () => sent.length === 4)
    const { createdAt, ...rest } = notificationOf('a')
    expect(sent.map(({ messageId }) => messageId)).toEqual(['a', 'b', 'c', 'd'])
    expect(sent[0]).toMatchObject({ ...rest, createdAt: { wallMs: createdAt.wallMs } })
    expect(second.opened).toEqual([{ notifications: 3, samples: 6, temporaries: 0, foreign: 0 }])
    expect(second.outbox.figures).toMatchObject({ recoveredSamples: 6, confirmedSamples: 8 })
    await fileCount(path, 0)
    await second.stop()
  })

  it('is sent newest first when that is the order', async () => {
    const path = await newOutboxPath()
    const first = await runOutbox(path, [deadPublisher()])
    putAll(first.outbox, ['a', 'b', 'c'])
    await storedInAll(first)
    await first.stop()
    const publisher = deadPublisher()
    const second = await runOutbox(path, [publisher], { order: 'newest-first' })
    publisher.fail(undefined)
    await passing(second.clock, 'all are sent', () => publisher.taken.length === 3)
    expect(publisher.taken).toEqual(['c', 'b', 'a'])
    await second.stop()
  })

  it('is not overtaken by what is read later when it is the first to meet a destination that is away', async () => {
    const path = await newOutboxPath()
    const first = await runOutbox(path, [deadPublisher()])
    const ids = ['a', 'b', 'c', 'd', 'e']
    putAll(first.outbox, ids)
    await storedInAll(first)
    await first.stop()
    const publisher = deadPublisher()
    const second = await runOutbox(path, [publisher])
    await waitFor('the first of them failed', () => publisher.offered === 1 && publisher.underWay === 0)
    publisher.fail(undefined)
    await passing(second.clock, 'all are sent', () => publisher.taken.length === ids.length)
    expect(publisher.taken).toEqual(ids)
    await second.stop()
  })

  it('keeps its place before new ones when the clock was set back between two runs', async () => {
    const path = await newOutboxPath()
    const first = await runOutbox(path, [deadPublisher()])
    putAll(first.outbox, ['a', 'b'])
    await storedInAll(first)
    await first.stop()
    const publisher = createFakePublisher()
    const clock = createFakeClock({ wallMs: Date.UTC(2020, 0, 1) })
    const second = await runOutbox(path, [publisher], { clock })
    putAll(second.outbox, ['c'])
    await passing(clock, 'all are sent', () => publisher.taken.length === 3)
    expect(publisher.taken).toEqual(['a', 'b', 'c'])
    await second.stop()
  })
})

describe('several destinations', () => {
  it('get after a restart only what each of them lacks', async () => {
    const path = await newOutboxPath()
    const live = createFakePublisher('live')
    const first = await runOutbox(path, [live, deadPublisher('dead')])
    putAll(first.outbox, ['a', 'b'])
    await passing(first.clock, 'live has both', () => live.taken.length === 2)
    await fileCount(path, 4)
    await first.stop()

    const [again, back] = [createFakePublisher('live'), createFakePublisher('dead')]
    const second = await runOutbox(path, [again, back])
    await passing(second.clock, 'dead has both', () => back.taken.length === 2)
    expect(again.taken).toEqual([])
    await fileCount(path, 0)
    await second.stop()
  })

  it('leave no file behind when only one that took everything is left in the configuration', async () => {
    const path = await newOutboxPath()
    const live = createFakePublisher('live')
    const first = await runOutbox(path, [live, deadPublisher('dead')])
    putAll(first.outbox, ['a'])
    await fileCount(path, 2)
    await first.stop()
    const second = await runOutbox(path, [createFakePublisher('live')])
    await fileCount(path, 0)
    expect(second.outbox.figures).toMatchObject({ queuedNotifications: 0, recoveredSamples: 0 })
    await second.stop()
  })
})

describe('bounds', () => {
  it('drop the oldest files when they are too many bytes, counted in whole blocks of the disk', async () => {
    const path = await newOutboxPath()
    const publisher = deadPublisher()
    const run = await runOutbox(path, [publisher], { maxBytes: 3 * 4096 })
    putAll(run.outbox, ['a', 'b', 'c', 'd', 'e'])
    await fileCount(path, 3)
    expect(run.outbox.figures).toMatchObject({ queuedBytes: 3 * 4096, droppedSamples: { full: 4 } })
    await run.stop()
    const left = await runOutbox(path, [publisher], { maxBytes: 2 * 4096 })
    await fileCount(path, 2)
    expect(left.outbox.figures).toMatchObject({ droppedSamples: { full: 2 } })
    await left.stop()
  })

  it('drop what is too old, the time between two runs included', async () => {
    const path = await newOutboxPath()
    const first = await runOutbox(path, [deadPublisher()])
    putAll(first.outbox, ['old'])
    await storedInAll(first)
    await first.stop()
    const publisher = createFakePublisher()
    const clock = createFakeClock({ wallMs: Date.UTC(2026, 0, 1, 0, 0, 61), monotonicSeconds: 5 })
    const second = await runOutbox(path, [publisher], { clock, maxAgeSeconds: 60 })
    putAll(second.outbox, ['new'])
    await passing(clock, 'the new one is sent', () => publisher.taken.length === 1)
    expect(publisher.taken).toEqual(['new'])
    expect(second.outbox.figures).toMatchObject({ droppedSamples: { expired: 2 } })
    await fileCount(path, 0)
    await second.stop()
  })
})

describe('a notification that its destination refuses again and again', () => {
  it('is kept in rejected/, and the others go by', async () => {
    const path = await newOutboxPath()
    const publisher = createFakePublisher()
    publisher.fail((id) => (id === 'bad' ? poison() : undefined))
    const run = await runOutbox(path, [publisher])
    putAll(run.outbox, ['a', 'bad', 'c'])
    await storedInAll(run)
    await passing(run.clock, 'it is given up', () => run.rejections.length === 1)
    expect(publisher.taken).toEqual(['a', 'c'])
    await fileCount(path, 1)
    expect(await namesIn(join(path, 'rejected'))).toHaveLength(1)
    expect(run.outbox.figures).toMatchObject({ queuedNotifications: 0, droppedSamples: { rejected: 2 } })
    await run.stop()
  })

  it('is kept once when two destinations refuse it, and is no fault of the disk', async () => {
    const path = await newOutboxPath()
    const publishers = [createFakePublisher('one'), createFakePublisher('other')]
    for (const publisher of publishers) publisher.fail(poison)
    const run = await runOutbox(path, publishers)
    putAll(run.outbox, ['bad'])
    await storedInAll(run)
    await passing(run.clock, 'both give it up', () => run.rejections.length === 2)
    await waitFor('its file is gone, or an outage', async () => {
      return run.outages.length > 0 || (await namesIn(path)).length === 1
    })
    expect(run.outages).toEqual([])
    expect(await namesIn(path)).toEqual(['rejected'])
    expect(await namesIn(join(path, 'rejected'))).toHaveLength(1)
    expect(run.outbox.figures).toMatchObject({ queuedNotifications: 0, droppedSamples: { rejected: 4 } })
    await run.stop()
  })

  it('is kept once though an earlier run died when it had kept it', async () => {
    const path = await newOutboxPath()
    const [file = ''] = await leave(path, ['bad'])
    await mkdir(join(path, 'rejected'))
    await link(file, join(path, 'rejected', basename(file)))
    const publisher = createFakePublisher()
    publisher.fail(poison)
    const run = await runOutbox(path, [publisher])
    await passing(run.clock, 'it is given up', () => run.rejections.length === 1)
    await waitFor('its file is gone, or an outage', async () => {
      return run.outages.length > 0 || (await namesIn(path)).length === 1
    })
    expect(run.outages).toEqual([])
    expect(await namesIn(path)).toEqual(['rejected'])
    expect(await namesIn(join(path, 'rejected'))).toEqual([basename(file)])
    await run.stop()
  })
})
