import { DestinationError, NotificationError } from '../../src/errors.js'
import type { Rejection } from '../../src/publish/destination-drain.js'
import { createMemoryOutbox, type MemoryOutboxOptions } from '../../src/publish/memory-outbox.js'
import type { Notification, Outbox } from '../../src/publish/publisher.js'
import { createFakeClock, type FakeClock } from './fake-clock.js'
import type { FakePublisher } from './fake-publisher.js'

export interface OutboxUnderTest {
  readonly clock: FakeClock
  readonly outbox: Outbox
  readonly rejections: readonly Rejection[]
}

const roomy: MemoryOutboxOptions = { maxBytes: 1e6, maxAgeSeconds: 3600, order: 'oldest-first' }

/** An outbox with room, under a clock of its own; waits are as long as they can get. */
export function openOutbox(
  publishers: readonly FakePublisher[],
  options: Partial<MemoryOutboxOptions> = {},
): OutboxUnderTest {
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
export const smallNotification = (messageId: string): Notification => ({
  messageId,
  createdAt: { wallMs: 0, monotonicSeconds: 0 },
  samplesJson: '0123456789',
  sampleCount: 2,
})

export function putAll(outbox: Outbox, ids: readonly string[]): void {
  for (const id of ids) outbox.put(smallNotification(id))
}

/** The time of whoever waits is over. */
export const over = AbortSignal.abort(new Error('time is up'))
export const away = (): DestinationError => new DestinationError('BROKER_UNREACHABLE', 'away')
export const poison = (): NotificationError => new NotificationError('NOTIFICATION_REJECTED', 'too large')
