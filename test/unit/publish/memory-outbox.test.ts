import { describe, expect, it } from 'vitest'
import { createFakePublisher } from '../../support/fake-publisher.js'
import { away, openOutbox, over, poison, putAll } from '../../support/outbox.js'

describe('a destination that takes everything', () => {
  it('gets each notification once, oldest first', async () => {
    const publisher = createFakePublisher()
    const { clock, outbox } = openOutbox([publisher])
    putAll(outbox, ['a', 'b', 'c'])
    await clock.advance(0)
    expect(publisher.taken).toEqual(['a', 'b', 'c'])
    expect(outbox.figures).toMatchObject({ queuedNotifications: 0, queuedBytes: 0, confirmedSamples: 6 })
  })

  it('is offered at most 16 at a time', async () => {
    const publisher = createFakePublisher()
    publisher.hang()
    const { clock, outbox } = openOutbox([publisher])
    putAll(
      outbox,
      Array.from({ length: 20 }, (_, index) => String(index)),
    )
    await clock.advance(0)
    expect(publisher.underWay).toBe(16)
    publisher.release()
    await clock.advance(0)
    expect(publisher.taken).toHaveLength(20)
  })
})

describe('a destination that is away', () => {
  it('keeps its notifications in order and gets them all when it is back', async () => {
    const publisher = createFakePublisher()
    const { clock, outbox } = openOutbox([publisher])
    publisher.fail(away)
    putAll(outbox, ['a', 'b', 'c'])
    await clock.advance(10)
    putAll(outbox, ['d'])
    publisher.fail(undefined)
    await clock.advance(30)
    expect(publisher.taken).toEqual(['a', 'b', 'c', 'd'])
  })

  it('gets the newest first when the order says so', async () => {
    const publisher = createFakePublisher()
    const { clock, outbox } = openOutbox([publisher], { order: 'newest-first' })
    publisher.fail(away)
    putAll(outbox, ['a', 'b', 'c'])
    await clock.advance(0)
    publisher.fail(undefined)
    await clock.advance(30)
    expect(publisher.taken).toEqual(['c', 'b', 'a'])
  })

  it('is asked with one notification after 1, 3, 5, … seconds', async () => {
    const publisher = createFakePublisher()
    const { clock, outbox } = openOutbox([publisher])
    publisher.fail(away)
    putAll(outbox, ['a', 'b'])
    await clock.advance(0)
    expect(publisher.offered).toBe(2)
    const asked: number[] = []
    for (let second = 1; second < 70; second += 1) {
      const before = publisher.offered
      await clock.advance(1)
      if (publisher.offered > before) asked.push(second)
    }
    expect(asked).toEqual([1, 4, 9, 16, 25, 36, 49, 64])
    expect(publisher.offered).toBe(2 + asked.length)
  })

  it('is asked again after one second when it goes away a second time', async () => {
    const publisher = createFakePublisher()
    const { clock, outbox } = openOutbox([publisher])
    for (const id of ['a', 'b']) {
      publisher.fail(away)
      putAll(outbox, [id])
      await clock.advance(0.5)
      publisher.fail(undefined)
      await clock.advance(0.5)
    }
    expect(publisher.taken).toEqual(['a', 'b'])
  })

  it('costs another destination nothing', async () => {
    const dead = createFakePublisher()
    const live = createFakePublisher()
    dead.fail(away)
    const { clock, outbox } = openOutbox([dead, live], { maxBytes: 30 })
    putAll(outbox, ['a', 'b', 'c', 'd', 'e'])
    await clock.advance(1)
    expect(live.taken).toEqual(['a', 'b', 'c', 'd', 'e'])
    const [ofDead, ofLive] = outbox.figures.destinations
    expect(ofDead).toMatchObject({
      queued: { notifications: 3 },
      dropped: { full: { notifications: 2, samples: 4 } },
    })
    expect(ofLive).toMatchObject({
      queued: { notifications: 0 },
      confirmed: { notifications: 5, samples: 10 },
    })
  })
})

describe('a notification that is refused', () => {
  it('lets the others by, and is set aside after five tries', async () => {
    const publisher = createFakePublisher()
    publisher.fail((id) => (id === 'bad' ? poison() : undefined))
    const { clock, outbox, rejections } = openOutbox([publisher])
    putAll(outbox, ['bad', 'a', 'b'])
    await clock.advance(5)
    putAll(outbox, ['c'])
    expect(rejections).toEqual([])
    await clock.advance(60)
    expect(publisher.taken).toEqual(['a', 'b', 'c'])
    expect(publisher.offered).toBe(3 + 5)
    expect(outbox.figures).toMatchObject({ queuedNotifications: 0, droppedSamples: { rejected: 2 } })
    expect(rejections).toMatchObject([{ samples: 2, error: { code: 'NOTIFICATION_REJECTED' } }])
  })
})

describe('a notification that is refused before the destination goes away', () => {
  it('still comes after all others when it is back', async () => {
    const publisher = createFakePublisher()
    publisher.fail(poison)
    const { clock, outbox } = openOutbox([publisher])
    putAll(outbox, ['bad'])
    await clock.advance(0)
    publisher.fail(away)
    await clock.advance(1)
    putAll(outbox, ['a', 'b'])
    publisher.fail(undefined)
    await clock.advance(10)
    expect(publisher.taken).toEqual(['a', 'b', 'bad'])
  })
})

describe('closing', () => {
  it('waits until everything is delivered', async () => {
    const publisher = createFakePublisher()
    publisher.hang()
    const { clock, outbox } = openOutbox([publisher])
    putAll(outbox, ['a', 'b'])
    const closed = outbox.close(new AbortController().signal)
    await clock.advance(0)
    publisher.release()
    await closed
    expect(publisher.taken).toEqual(['a', 'b'])
  })

  it('gives up at the signal and counts what is left, also what comes later', async () => {
    const publisher = createFakePublisher()
    publisher.hang()
    const { clock, outbox } = openOutbox([publisher])
    putAll(
      outbox,
      Array.from({ length: 20 }, (_, index) => String(index)),
    )
    await clock.advance(0)
    await outbox.close(over)
    putAll(outbox, ['late'])
    expect(outbox.figures).toMatchObject({
      queuedNotifications: 0,
      queuedBytes: 0,
      droppedSamples: { stopped: 42 },
    })
    expect(clock.sleepers).toBe(0)
  })
})
