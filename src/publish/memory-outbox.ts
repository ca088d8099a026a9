import { Backlog, type BacklogEntry, type BacklogOptions } from './backlog.js'
import type { Clock } from '../schedule/clock.js'
import type { Rejection } from './destination-drain.js'
import type { Notification, Outbox, Publisher } from './publisher.js'

/** Most bytes of samples an outbox holds in memory, whatever `outbox.max_bytes` allows on disk. */
export const memoryOutboxBytes = 64 * 1024 * 1024

export type MemoryOutboxOptions = BacklogOptions

export interface OutboxParts {
  readonly clock: Clock
  /** From 0 up to 1, as Math.random. */
  readonly random: () => number
  /** A destination refused a notification too often; it was dropped for that destination. */
  onRejected(rejection: Rejection): void
}

/**
 * Keeps notifications in memory until every destination has them. What is in it is lost with the process.
 *
 * Bounded by bytes of samples as JSON (`memoryOutboxBytes` at most) and age: the oldest are dropped for whatever
 * destination lacks them. What is under way then is dropped when it fails, so up to 16 notifications a destination
 * can be held beyond the bound.
 */
export function createMemoryOutbox(
  publishers: readonly Publisher[],
  options: MemoryOutboxOptions,
  parts: OutboxParts,
): Outbox {
  const maxBytes = Math.min(options.maxBytes, memoryOutboxBytes)
  const backlog = new Backlog<BacklogEntry>(publishers, { ...options, maxBytes }, parts)
  let order = 0
  return {
    put(notification: Notification) {
      backlog.add({
        order: (order += 1),
        sampleCount: notification.sampleCount,
        bytes: notification.samplesJson.length,
        putAtSeconds: parts.clock.now().monotonicSeconds,
        read: () => Promise.resolve(notification),
      })
    },
    get figures() {
      return { ...backlog.figures, storedNotifications: 0 }
    },
    async close(signal) {
      await backlog.settled(signal)
      await backlog.stop(() => false)
    },
  }
}
