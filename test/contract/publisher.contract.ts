import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DestinationError } from '../../src/errors.js'
import type { Publisher } from '../../src/publish/publisher.js'
import { aNotification, sampleIds } from '../support/notifications.js'

/** A publisher and a view of its destination. */
export interface PublisherUnderTest {
  readonly publisher: Publisher
  /** The `message_id` of every sample at the destination, in its order; undefined where nothing is kept. */
  received(): Promise<readonly string[] | undefined>
  /** Puts away what was built up; the publisher may be closed already. */
  dispose(): Promise<void>
}

export interface PublisherCases {
  /** A publisher with a destination that works. */
  working(): Promise<PublisherUnderTest>
  /** One with a destination that refuses everything or cannot be reached; absent where that cannot be. */
  readonly broken?: () => Promise<PublisherUnderTest>
}

const patient = () => AbortSignal.timeout(20_000)

/** What every publisher keeps to, whatever its transport. */
export function publisherContract(name: string, cases: PublisherCases): void {
  describe(`the ${name} publisher`, () => {
    let tested: PublisherUnderTest
    beforeEach(async () => {
      tested = await cases.working()
    })
    afterEach(() => tested.dispose())

    it('has a name', () => {
      expect(tested.publisher.name).toMatch(/\S/)
    })

    it('has every sample at its destination, once, when publish resolves', async () => {
      const notification = aNotification()
      await tested.publisher.publish(notification, patient())
      expect((await tested.received()) ?? sampleIds(notification)).toEqual(sampleIds(notification))
    })

    it('delivers all that is published at once', async () => {
      const notifications = Array.from({ length: 10 }, () => aNotification())
      await Promise.all(notifications.map((each) => tested.publisher.publish(each, patient())))
      const expected = notifications.flatMap(sampleIds).sort()
      expect([...((await tested.received()) ?? expected)].sort()).toEqual(expected)
    })

    it('rejects with the reason of a signal that was aborted before, and delivers nothing', async () => {
      const reason = new Error('too late')
      const late = AbortSignal.abort(reason)
      await expect(tested.publisher.publish(aNotification(), late)).rejects.toBe(reason)
      await expect(tested.publisher.ready(late)).rejects.toBe(reason)
      const next = aNotification()
      await tested.publisher.publish(next, patient())
      expect((await tested.received()) ?? sampleIds(next)).toEqual(sampleIds(next))
    })

    it('rejects with the reason of a signal that is aborted on the way, and goes on afterwards', async () => {
      const controller = new AbortController()
      const reason = new Error('no longer wanted')
      const published = tested.publisher.publish(aNotification(), controller.signal)
      controller.abort(reason)
      await expect(published).rejects.toBe(reason)
      const next = aNotification()
      await tested.publisher.publish(next, patient())
      expect((await tested.received()) ?? sampleIds(next)).toEqual(expect.arrayContaining(sampleIds(next)))
    })

    it('is ready', async () => {
      await expect(tested.publisher.ready(patient())).resolves.toBeUndefined()
      expect((await tested.received()) ?? []).toEqual([])
    })

    it('closes as often as it is asked, and takes nothing afterwards', async () => {
      await tested.publisher.publish(aNotification(), patient())
      await tested.publisher.close(patient())
      await expect(tested.publisher.close(patient())).resolves.toBeUndefined()
      const after = tested.publisher.publish(aNotification(), patient())
      await expect(after).rejects.toMatchObject({ code: 'STOPPED' })
      await expect(after).rejects.toBeInstanceOf(DestinationError)
      await expect(tested.publisher.ready(patient())).rejects.toMatchObject({ code: 'STOPPED' })
    })

    it('can be closed before it was ever used', async () => {
      await expect(tested.publisher.close(patient())).resolves.toBeUndefined()
    })
  })

  const { broken } = cases
  if (broken !== undefined) brokenContract(name, broken)
}

function brokenContract(name: string, broken: () => Promise<PublisherUnderTest>): void {
  describe(`the ${name} publisher with a broken destination`, () => {
    let tested: PublisherUnderTest
    beforeEach(async () => {
      tested = await broken()
    })
    afterEach(() => tested.dispose())

    it('blames the destination, so that the notification is kept', async () => {
      await expect(tested.publisher.publish(aNotification(), patient())).rejects.toBeInstanceOf(
        DestinationError,
      )
    })

    it('is not ready', async () => {
      await expect(tested.publisher.ready(patient())).rejects.toBeInstanceOf(DestinationError)
    })

    it('closes all the same', async () => {
      await expect(tested.publisher.close(patient())).resolves.toBeUndefined()
    })
  })
}
