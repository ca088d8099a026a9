import type { Instant } from '../schedule/clock.js'

/** A batch of samples on its way to the destinations. Its samples and `messageId` never change again. */
export interface Notification {
  /** UUID; the same in every copy and every attempt. */
  readonly messageId: string
  readonly createdAt: Instant
  /**
   * The samples as one JSON array, each element of which is a signed meter message. ASCII only. The elements are
   * separated by `,` and a line feed, and there is no other line feed: `messagesOf` in `batches.ts` takes it apart.
   */
  readonly samplesJson: string
  readonly sampleCount: number
}

/**
 * A destination. Knows about transport, nothing about samples.
 *
 * `publish` resolves when the destination has the notification for good (a broker: confirmed and not returned) and
 * rejects with a DestinationError (this destination is at fault; keep the notification and try later), a
 * NotificationError (this notification is at fault) or the signal's reason.
 */
export interface Publisher {
  /** Names the destination in logs and metrics, without secrets, for example `amqp://127.0.0.1:5672/`. */
  readonly name: string
  publish(notification: Notification, signal: AbortSignal): Promise<void>
  /** Resolves when the destination could take a notification; rejects with a DestinationError. For `check` and health. */
  ready(signal: AbortSignal): Promise<void>
  close(signal: AbortSignal): Promise<void>
}

/** Takes notifications at once, whatever state the destinations are in, and hands them on. */
export interface Outbox {
  /** Never waits for a destination or a disk. */
  put(notification: Notification): void
  /** Counters since the start, and what is queued now. */
  readonly figures: OutboxFigures
  /** Resolves when nothing is queued or soon after the signal; what is left then is kept on disk, or dropped and counted. */
  close(signal: AbortSignal): Promise<void>
}

/**
 * Why a destination did not get samples: no room (`full`), too old (`expired`), refused again and again (`rejected`),
 * their file cannot be read (`damaged`), the disk does not take them and memory is full (`unwritable`), left over at
 * the end (`stopped`).
 */
export const dropReasons = ['full', 'expired', 'rejected', 'damaged', 'unwritable', 'stopped'] as const
export type DropReason = (typeof dropReasons)[number]

/** What `read` gives for each reason. */
export function eachDropReason<T>(read: (reason: DropReason) => T): Record<DropReason, T> {
  return Object.fromEntries(dropReasons.map((reason) => [reason, read(reason)])) as Record<DropReason, T>
}

/** Counts since the start, and what is queued now. Sums over destinations count a sample once for each. */
export interface OutboxFigures {
  /** What at least one destination has not got yet. */
  readonly queuedNotifications: number
  /** Those of them that are safe on disk; the others are in memory alone. */
  readonly storedNotifications: number
  readonly queuedBytes: number
  readonly oldestAgeSeconds: number
  readonly recoveredSamples: number
  readonly confirmedSamples: number
  readonly droppedSamples: Readonly<Record<DropReason, number>>
  readonly destinations: readonly DestinationFigures[]
}

/**
 * One destination's account: what was put in + recovered = queued + confirmed + Σ dropped, in notifications and in
 * samples.
 */
export interface DestinationFigures {
  /** The publisher's. */
  readonly name: string
  readonly queued: Quantity
  /** Of what is queued; 0 when nothing is. */
  readonly oldestAgeSeconds: number
  /** Found on disk from an earlier run. */
  readonly recovered: Quantity
  readonly confirmed: Quantity
  readonly dropped: Readonly<Record<DropReason, Quantity>>
}

export interface Quantity {
  readonly notifications: number
  readonly samples: number
}
