import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DestinationError, NotificationError } from '../../../src/errors.js'
import type { Rejection } from '../../../src/publish/destination-drain.js'
import { createMemoryOutbox, type MemoryOutboxOptions } from '../../../src/publish/memory-outbox.js'
import type { Notification, Outbox } from '../../../src/publish/publisher.js'
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js'
import { createFakePublisher, type FakePublisher } from '../../support/fake-publisher.js'

interface Setting {
  readonly clock: FakeClock
  readonly outbox: Outbox
  readonly rejections: readonly Rejection[]
}

const roomy: MemoryOutboxOptions = { maxBytes: 1e6, maxAgeSeconds: 3600, order: 'oldest-first' }

function open(publishers: readonly FakePublisher[], options: Partial<MemoryOutboxOptions> = {}): Setting {
  const clock = createFakeClock()
  const rejections: Rejection[] = []
  const outbox = createMemoryOutbox(
    publishers,
    { ...roomy, ...options },
    { clock, random: () => 1, onRejected: (rejection) => rejections.push(rejection) },
  )
  return { clock, outbox, rejections }
}

/** Ten bytes of samples, two samples. */
const notification = (id: string): Notification => ({
  messageId: id,
  createdAt: { wallMs: 0, monotonicSeconds: 0 },
  samplesJson: '0123456789',
  sampleCount: 2,
})

const putAll = (outbox: Outbox, ids: readonly string[]): void => {
  for (const id of ids) outbox.put(notification(id))
}

const over = AbortSignal.abort(new Error('time is up'))
const away = (): DestinationError => new DestinationError('BROKER_UNREACHABLE', 'away')
const poison = (): NotificationError => new NotificationError('NOTIFICATION_REJECTED', 'too large')

describe('a destination that takes everything', () => {
  it('gets each notification once, oldest first', async () => {
    const publisher = createFakePublisher()
    const { clock, outbox } = open([publisher])
    putAll(outbox, ['a', 'b', 'c'])
    await clock.advance(0)
    expect(publisher.taken).toEqual(['a', 'b', 'c'])
    expect(outbox.figures).toMatchObject({ queuedNotifications: 0, queuedBytes: 0, confirmedSamples: 6 })
  })

  it('is offered at most 16 at a time', async () => {
    const publisher = createFakePublisher()
    publisher.hang()
    const { clock, outbox } = open([publisher])
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
    const { clock, outbox } = open([publisher])
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
    const { clock, outbox } = open([publisher], { order: 'newest-first' })
    publisher.fail(away)
    putAll(outbox, ['a', 'b', 'c'])
    await clock.advance(0)
    publisher.fail(undefined)
    await clock.advance(30)
    expect(publisher.taken).toEqual(['c', 'b', 'a'])
  })

  it('is asked with one notification after 1, 3, 5, … seconds', async () => {
    const publisher = createFakePublisher()
    const { clock, outbox } = open([publisher])
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

  it('costs another destination nothing', async () => {
    const dead = createFakePublisher()
    const live = createFakePublisher()
    dead.fail(away)
    const { clock, outbox } = open([dead, live], { maxBytes: 30 })
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

describe('the bounds', () => {
  it('drop the oldest when there is no room', async () => {
    const publisher = createFakePublisher()
    publisher.fail(away)
    const { clock, outbox } = open([publisher], { maxBytes: 25 })
    putAll(outbox, ['a', 'b', 'c', 'd'])
    await clock.advance(0)
    expect(outbox.figures).toMatchObject({
      queuedNotifications: 2,
      queuedBytes: 20,
      droppedSamples: { full: 4 },
    })
    publisher.fail(undefined)
    await clock.advance(30)
    expect(publisher.taken).toEqual(['c', 'd'])
  })

  it('never hold more than 64 MiB, whatever the options allow', async () => {
    const publisher = createFakePublisher()
    publisher.fail(away)
    const { clock, outbox } = open([publisher], { maxBytes: 1e12 })
    const samplesJson = ' '.repeat(1024 * 1024)
    for (let count = 0; count < 70; count += 1) outbox.put({ ...notification(String(count)), samplesJson })
    await clock.advance(0)
    expect(outbox.figures.queuedBytes).toBe(64 * 1024 * 1024)
  })

  it('drop what is too old, whether or not anything new comes', async () => {
    const publisher = createFakePublisher()
    publisher.fail(away)
    const { clock, outbox } = open([publisher], { maxAgeSeconds: 60 })
    putAll(outbox, ['a', 'b'])
    await clock.advance(55)
    expect(outbox.figures).toMatchObject({ oldestAgeSeconds: 55, droppedSamples: { expired: 0 } })
    await clock.advance(60)
    expect(outbox.figures).toMatchObject({ queuedNotifications: 0, droppedSamples: { expired: 4 } })
  })
})

describe('a notification that is refused', () => {
  it('lets the others by, and is set aside after five tries', async () => {
    const publisher = createFakePublisher()
    publisher.fail((id) => (id === 'bad' ? poison() : undefined))
    const { clock, outbox, rejections } = open([publisher])
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

describe('closing', () => {
  it('waits until everything is delivered', async () => {
    const publisher = createFakePublisher()
    publisher.hang()
    const { clock, outbox } = open([publisher])
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
    const { clock, outbox } = open([publisher])
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

describe('the account of each destination', () => {
  it('balances whatever the destinations do: put = queued + confirmed + dropped', async () => {
    const fate = fc.constantFrom('take', 'take', 'away', 'poison')
    const step = fc.record({ puts: fc.nat(5), seconds: fc.nat(20), fates: fc.array(fate, { minLength: 1 }) })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const publishers = [createFakePublisher(), createFakePublisher()]
        const { clock, outbox } = open(publishers, { maxBytes: 60, maxAgeSeconds: 40 })
        let put = 0
        for (const { puts, seconds, fates } of steps) {
          let turn = 0
          for (const publisher of publishers)
            publisher.fail(
              () => ({ away: away(), poison: poison(), take: undefined })[fates[turn++ % fates.length]!],
            )
          for (let count = 0; count < puts; count += 1) outbox.put(notification(String((put += 1))))
          await clock.advance(seconds)
          expectBalance(outbox, put)
        }
        await outbox.close(over)
        expectBalance(outbox, put)
        expect(outbox.figures).toMatchObject({ queuedNotifications: 0, queuedBytes: 0 })
      }),
      { numRuns: 60 },
    )
  })
})

function expectBalance({ figures }: Outbox, put: number): void {
  for (const { queued, confirmed, dropped } of figures.destinations) {
    const lost = Object.values(dropped).reduce((sum, { notifications }) => sum + notifications, 0)
    expect(queued.notifications).toBeGreaterThanOrEqual(0)
    expect(queued.notifications + confirmed.notifications + lost).toBe(put)
    expect(queued.samples).toBe(2 * queued.notifications)
  }
}
