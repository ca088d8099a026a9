import type { Clock } from '../schedule/clock.js'
import { DestinationDrain, type OutboxEntry, type Rejection } from './destination-drain.js'
import type { DropReason, Notification, Outbox, OutboxFigures, Publisher } from './publisher.js'
import { untilAborted } from './until-aborted.js'
import type { DrainOrder } from './waiting-line.js'

/** Most bytes of samples an outbox in memory holds, whatever `outbox.max_bytes` allows on disk. */
export const memoryOutboxBytes = 64 * 1024 * 1024

export interface MemoryOutboxOptions {
  /** Of samples as JSON; `memoryOutboxBytes` if that is less. */
  readonly maxBytes: number
  readonly maxAgeSeconds: number
  readonly order: DrainOrder
}

export interface OutboxParts {
  readonly clock: Clock
  /** From 0 up to 1, as Math.random. */
  readonly random: () => number
  /** A destination refused a notification too often; it was dropped for that destination. */
  onRejected(rejection: Rejection): void
}

/** Handed to one destination at a time and not yet answered for; what a publisher leaves unconfirmed at most. */
const maxInFlight = 16
const maxTries = 5

interface Entry extends OutboxEntry {
  readonly bytes: number
  readonly putAtSeconds: number
  /** Destinations that have neither got it nor given it up. */
  waitingFor: number
}

class MemoryOutbox implements Outbox {
  readonly #options: MemoryOutboxOptions
  readonly #clock: Clock
  readonly #drains: readonly DestinationDrain<Entry>[]
  /** Oldest first, as put. */
  readonly #entries = new Set<Entry>()
  #bytes = 0
  #order = 0
  /** How many answers of destinations are outstanding: for each notification one of each. */
  #owed = 0
  #settled: () => void = () => undefined
  #stopped = false

  constructor(publishers: readonly Publisher[], options: MemoryOutboxOptions, parts: OutboxParts) {
    this.#options = { ...options, maxBytes: Math.min(options.maxBytes, memoryOutboxBytes) }
    this.#clock = parts.clock
    this.#drains = publishers.map(
      (publisher) =>
        new DestinationDrain<Entry>(
          publisher,
          { order: options.order, maxInFlight, maxTries },
          {
            clock: parts.clock,
            random: parts.random,
            isExpired: (entry) => this.#isExpired(entry),
            onDone: (entry) => {
              this.#done(entry)
            },
            onRejected: (rejection) => {
              parts.onRejected(rejection)
            },
          },
        ),
    )
  }

  put(notification: Notification): void {
    const entry: Entry = {
      order: (this.#order += 1),
      sampleCount: notification.sampleCount,
      bytes: notification.samplesJson.length,
      putAtSeconds: this.#clock.now().monotonicSeconds,
      waitingFor: this.#drains.length,
      read: () => Promise.resolve(notification),
    }
    this.#entries.add(entry)
    this.#bytes += entry.bytes
    this.#owed += entry.waitingFor
    for (const drain of this.#drains) drain.add(entry)
    if (this.#stopped) this.#drop(entry, 'stopped')
    else this.#bound()
  }

  get figures(): OutboxFigures {
    const destinations = this.#drains.map((drain) => drain.figures)
    const [oldest] = this.#entries
    const dropped = (reason: DropReason): number =>
      destinations.reduce((sum, destination) => sum + destination.dropped[reason].samples, 0)
    return {
      queuedNotifications: this.#entries.size,
      queuedBytes: this.#bytes,
      oldestAgeSeconds: oldest === undefined ? 0 : this.#ageOf(oldest),
      confirmedSamples: destinations.reduce((sum, { confirmed }) => sum + confirmed.samples, 0),
      droppedSamples: {
        full: dropped('full'),
        expired: dropped('expired'),
        rejected: dropped('rejected'),
        stopped: dropped('stopped'),
      },
      destinations,
    }
  }

  /** The publishers stay open; whoever made them closes them. */
  async close(signal: AbortSignal): Promise<void> {
    const settled = new Promise<void>((resolve) => (this.#settled = resolve))
    if (this.#owed > 0) await untilAborted(settled, signal).catch(() => undefined)
    this.#stopped = true
    await Promise.all(this.#drains.map((drain) => drain.stop()))
  }

  #ageOf(entry: Entry): number {
    return this.#clock.now().monotonicSeconds - entry.putAtSeconds
  }

  #isExpired(entry: Entry): boolean {
    return this.#ageOf(entry) > this.#options.maxAgeSeconds
  }

  #bound(): void {
    for (const entry of this.#entries) {
      if (this.#isExpired(entry)) this.#drop(entry, 'expired')
      else if (this.#bytes > this.#options.maxBytes) this.#drop(entry, 'full')
      else return
    }
  }

  #drop(entry: Entry, reason: DropReason): void {
    this.#forget(entry)
    for (const drain of this.#drains) drain.drop(entry, reason)
  }

  #done(entry: Entry): void {
    entry.waitingFor -= 1
    if (entry.waitingFor === 0) this.#forget(entry)
    this.#owed -= 1
    if (this.#owed === 0) this.#settled()
  }

  #forget(entry: Entry): void {
    if (this.#entries.delete(entry)) this.#bytes -= entry.bytes
  }
}

/**
 * Keeps notifications in memory until every destination has them. What is in it is lost with the process.
 *
 * Bounded by bytes and age: the oldest are dropped for whatever destination lacks them. What is under way then is
 * dropped when it fails, so up to `maxInFlight` notifications a destination can be held beyond the bound.
 */
export function createMemoryOutbox(
  publishers: readonly Publisher[],
  options: MemoryOutboxOptions,
  parts: OutboxParts,
): Outbox {
  return new MemoryOutbox(publishers, options, parts)
}
