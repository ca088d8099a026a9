import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Outbox } from '../../../src/publish/publisher.js'
import { createFakePublisher } from '../../support/fake-publisher.js'
import { away, openOutbox, over, poison, putAll, smallNotification } from '../../support/outbox.js'

describe('the bounds', () => {
  it('drop the oldest when there is no room', async () => {
    const publisher = createFakePublisher()
    publisher.fail(away)
    const { clock, outbox } = openOutbox([publisher], { maxBytes: 25 })
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
    const { clock, outbox } = openOutbox([publisher], { maxBytes: 1e12 })
    const samplesJson = ' '.repeat(1024 * 1024)
    for (let count = 0; count < 70; count += 1)
      outbox.put({ ...smallNotification(String(count)), samplesJson })
    await clock.advance(0)
    expect(outbox.figures.queuedBytes).toBe(64 * 1024 * 1024)
  })

  it('drop what is too old for a destination that answers nothing', async () => {
    const publisher = createFakePublisher()
    publisher.hang()
    const { clock, outbox } = openOutbox([publisher], { maxAgeSeconds: 60 })
    putAll(
      outbox,
      Array.from({ length: 20 }, (_, index) => String(index)),
    )
    await clock.advance(61)
    putAll(outbox, ['new'])
    expect(outbox.figures).toMatchObject({ queuedNotifications: 1, droppedSamples: { expired: 8 } })
  })

  it('drop what is too old, whether or not anything new comes', async () => {
    const publisher = createFakePublisher()
    publisher.fail(away)
    const { clock, outbox } = openOutbox([publisher], { maxAgeSeconds: 60 })
    putAll(outbox, ['a', 'b'])
    await clock.advance(55)
    expect(outbox.figures).toMatchObject({ oldestAgeSeconds: 55, droppedSamples: { expired: 0 } })
    await clock.advance(60)
    expect(outbox.figures).toMatchObject({ queuedNotifications: 0, droppedSamples: { expired: 4 } })
  })
})

describe('the account of each destination', () => {
  it('balances whatever the destinations do: put = queued + confirmed + dropped', async () => {
    const fate = fc.constantFrom('take', 'take', 'away', 'poison')
    const step = fc.record({ puts: fc.nat(5), seconds: fc.nat(20), fates: fc.array(fate, { minLength: 1 }) })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const publishers = [createFakePublisher(), createFakePublisher()]
        const { clock, outbox } = openOutbox(publishers, { maxBytes: 60, maxAgeSeconds: 40 })
        let put = 0
        for (const { puts, seconds, fates } of steps) {
          let turn = 0
          for (const publisher of publishers)
            publisher.fail(
              () => ({ away: away(), poison: poison(), take: undefined })[fates[turn++ % fates.length]!],
            )
          for (let count = 0; count < puts; count += 1) outbox.put(smallNotification(String((put += 1))))
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
