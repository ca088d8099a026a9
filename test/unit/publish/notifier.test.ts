import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { PollsterError } from '../../../src/errors.js'
import { createNotifier, joinNotifiers, type NotifierOptions } from '../../../src/publish/notifier.js'
import type { Notification } from '../../../src/publish/publisher.js'
import type { Sample } from '../../../src/sample/sample.js'
import { createFakeClock } from '../../support/fake-clock.js'
import { aSample } from '../../support/samples.js'

const patient = new AbortController().signal

function setUp(options: Partial<NotifierOptions> = {}) {
  const put: Notification[] = []
  let ids = 0
  const notifier = createNotifier({
    outbox: { put: (notification) => put.push(notification) },
    clock: createFakeClock({ wallMs: 1000, monotonicSeconds: 5 }),
    newId: () => `id-${String(++ids)}`,
    secret: 'secret',
    names: true,
    batchSize: 50,
    batchBytes: 1 << 20,
    ...options,
  })
  return { notifier, put }
}

function samplesNamed(count: number): Sample[] {
  return Array.from({ length: count }, (_, at) => aSample({ id: `sample-${String(at)}` }))
}

function idsIn(notifications: readonly Notification[]): string[] {
  return notifications
    .flatMap(({ samplesJson }) => JSON.parse(samplesJson) as { readonly message_id: string }[])
    .map((message) => message.message_id)
}

describe('a notifier', () => {
  it('puts every sample into the outbox, in batches with an id and a time of their own', async () => {
    const { notifier, put } = setUp()
    const samples = samplesNamed(120)
    expect(await notifier.notify(samples, patient)).toEqual({ notifications: 3, samples: 120, refused: [] })
    expect(put.map(({ messageId, sampleCount }) => [messageId, sampleCount])).toEqual([
      ['id-1', 50],
      ['id-2', 50],
      ['id-3', 20],
    ])
    expect(put[0]!.createdAt).toEqual({ wallMs: 1000, monotonicSeconds: 5 })
    expect(idsIn(put)).toEqual(samples.map(({ id }) => id))
  })

  it('makes no notification of no samples', async () => {
    const { notifier, put } = setUp()
    expect(await notifier.notify([], patient)).toEqual({ notifications: 0, samples: 0, refused: [] })
    expect(put).toEqual([])
  })

  it('leaves out a sample that the wire cannot carry, says which, and sends the others', async () => {
    const { notifier, put } = setUp()
    const broken = aSample({ id: 'broken', volume: NaN, numberKind: 'float' })
    const notified = await notifier.notify([...samplesNamed(2), broken, aSample({ id: 'last' })], patient)
    expect(notified).toMatchObject({ notifications: 1, samples: 3 })
    expect(notified.refused).toEqual([{ sample: broken, error: expect.any(PollsterError) as Error }])
    expect(idsIn(put)).toEqual(['sample-0', 'sample-1', 'last'])
  })

  it('gives the event loop its turn after every slice of time, also within a batch', async () => {
    const turnsAtPut: number[] = []
    let turns = 0
    let monotonicSeconds = 0
    const { notifier } = setUp({
      batchSize: 100,
      outbox: { put: () => turnsAtPut.push(turns) },
      clock: { now: () => ({ wallMs: 0, monotonicSeconds: (monotonicSeconds += 0.001) }) },
    })
    const stop = new AbortController()
    const others = (async () => {
      for (; !stop.signal.aborted; turns++) await turn()
    })()
    await notifier.notify(samplesNamed(200), patient)
    stop.abort()
    await others
    expect(turnsAtPut).toHaveLength(2)
    expect(turnsAtPut[0]).toBeGreaterThan(10)
    expect(turnsAtPut[1]! - turnsAtPut[0]!).toBeGreaterThan(10)
  })

  it('goes on without a turn while its slice lasts', async () => {
    let turns = 0
    const { notifier, put } = setUp()
    const stop = new AbortController()
    const others = (async () => {
      for (; !stop.signal.aborted; turns++) await turn()
    })()
    await notifier.notify(samplesNamed(500), patient)
    stop.abort()
    await others
    expect(put).toHaveLength(10)
    expect(turns).toBeLessThan(3)
  })

  it('stops at the signal with its reason; what is in the outbox stays', async () => {
    const controller = new AbortController()
    const reason = new Error('the cycle was given up')
    const put: Notification[] = []
    const { notifier } = setUp({
      outbox: {
        put: (notification) => {
          put.push(notification)
          if (put.length === 2) controller.abort(reason)
        },
      },
    })
    await expect(notifier.notify(samplesNamed(500), controller.signal)).rejects.toBe(reason)
    expect(put).toHaveLength(2)
  })

  it('puts nothing when the signal was aborted before', async () => {
    const { notifier, put } = setUp()
    const reason = new Error('too late')
    await expect(notifier.notify(samplesNamed(1), AbortSignal.abort(reason))).rejects.toBe(reason)
    expect(put).toEqual([])
  })
})

describe('joined notifiers', () => {
  it('each get every sample, signed with their own secret, also of an iterable that can be read once', async () => {
    const [one, other] = [setUp({ secret: 'one' }), setUp({ secret: 'other' })]
    const joined = joinNotifiers([one.notifier, other.notifier])
    const notified = await joined.notify(samplesNamed(60).values(), patient)
    expect(notified).toEqual({ notifications: 4, samples: 60, refused: [] })
    expect(idsIn(one.put)).toEqual(idsIn(other.put))
    expect(idsIn(one.put)).toHaveLength(60)
    expect(one.put[0]!.samplesJson).not.toBe(other.put[0]!.samplesJson)
  })
})
