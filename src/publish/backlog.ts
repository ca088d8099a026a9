import type { Clock } from '../schedule/clock.js'
import { DestinationDrain, type OutboxEntry, type Rejection } from './destination-drain.js'
import {
  eachDropReason,
  type DestinationFigures,
  type DropReason,
  type OutboxFigures,
  type Publisher,
} from './publisher.js'
import { untilAborted } from './until-aborted.js'
import type { DrainOrder } from './waiting-line.js'

export interface BacklogOptions {
  readonly maxBytes: number
  readonly maxAgeSeconds: number
  readonly order: DrainOrder
}

/** What waits for destinations. */
export interface BacklogEntry extends OutboxEntry {
  /** What it counts against `maxBytes`. */
  readonly bytes: number
  /** Monotonic. */
  readonly putAtSeconds: number
}

export interface BacklogParts<Entry> {
  readonly clock: Clock
  /** From 0 up to 1, as Math.random. */
  readonly random: () => number
  /** Told before the entry is dropped for that destination. */
  onRejected(rejection: Rejection, entry: Entry): void
  /** That destination needs the entry no more, but others do. */
  onSettled?(entry: Entry, publisher: Publisher): void
  /** No destination needs it any more. */
  onGone?(entry: Entry): void
}

/** Handed to one destination at a time and not yet answered for; what a publisher leaves unconfirmed at most. */
const maxInFlight = 16
const maxTries = 5

/**
 * The entries of an outbox and who still needs which: bounded by bytes and age, the oldest dropped first. Knows
 * nothing of where they are kept.
 */
export class Backlog<Entry extends BacklogEntry> {
  readonly #options: BacklogOptions
  readonly #clock: Clock
  readonly #onGone: (entry: Entry) => void
  readonly #drains: ReadonlyMap<Publisher, DestinationDrain<Entry>>
  /** With how many destinations have neither got it nor given it up. Oldest first. */
  #entries = new Map<Entry, number>()
  #bytes = 0
  /** How many answers of destinations are outstanding: for each entry one of each. */
  #owed = 0
  #settled: () => void = () => undefined
  #stopped = false

  constructor(publishers: readonly Publisher[], options: BacklogOptions, parts: BacklogParts<Entry>) {
    this.#options = options
    this.#clock = parts.clock
    this.#onGone = (entry) => parts.onGone?.(entry)
    this.#drains = new Map(publishers.map((publisher) => [publisher, this.#drainOf(publisher, parts)]))
  }

  /** Takes the youngest entry, for every destination. */
  add(entry: Entry): void {
    this.#entries.set(entry, this.#drains.size)
    this.#bytes += entry.bytes
    this.#owed += this.#drains.size
    for (const drain of this.#drains.values()) drain.add(entry)
    if (this.#stopped) this.drop(entry, 'stopped')
    else this.#bound()
  }

  /** Takes entries of an earlier run, oldest first, each for some destinations; they are older than all that are here. */
  addRecovered(older: ReadonlyMap<Entry, readonly Publisher[]>): void {
    const missing = [...older].map(([entry, publishers]) => [entry, publishers.length] as const)
    this.#entries = new Map([...missing, ...this.#entries])
    for (const [entry, publishers] of older) {
      this.#bytes += entry.bytes
      this.#owed += publishers.length
    }
    for (const [publisher, drain] of this.#drains) {
      const lacking = [...older].filter(([, publishers]) => publishers.includes(publisher))
      drain.addRecovered(lacking.map(([entry]) => entry))
    }
    this.#bound()
  }

  /** Gives it up for whatever destination lacks it. */
  drop(entry: Entry, reason: DropReason): void {
    this.#forget(entry)
    for (const drain of this.#drains.values()) drain.drop(entry, reason)
  }

  get figures(): Omit<OutboxFigures, 'storedNotifications'> {
    const destinations = [...this.#drains.values()].map((drain) => ({
      ...drain.figures,
      oldestAgeSeconds: this.#ageOf(drain.oldest),
    }))
    const sum = (read: (figures: DestinationFigures) => number): number =>
      destinations.reduce((total, figures) => total + read(figures), 0)
    const [oldest] = this.#entries.keys()
    return {
      queuedNotifications: this.#entries.size,
      queuedBytes: this.#bytes,
      oldestAgeSeconds: this.#ageOf(oldest),
      recoveredSamples: sum(({ recovered }) => recovered.samples),
      confirmedSamples: sum(({ confirmed }) => confirmed.samples),
      droppedSamples: eachDropReason((reason) => sum(({ dropped }) => dropped[reason].samples)),
      destinations,
    }
  }

  /** Resolves when no destination owes an answer, or at the signal. */
  async settled(signal: AbortSignal): Promise<void> {
    const settled = new Promise<void>((resolve) => (this.#settled = resolve))
    if (this.#owed > 0) await untilAborted(settled, signal).catch(() => undefined)
  }

  /** For good: nothing is sent any more. What is not kept is dropped as `stopped`, also what comes later. */
  async stop(keep: (entry: Entry) => boolean): Promise<void> {
    this.#stopped = true
    await Promise.all([...this.#drains.values()].map((drain) => drain.stop(keep)))
  }

  #drainOf(publisher: Publisher, parts: BacklogParts<Entry>): DestinationDrain<Entry> {
    return new DestinationDrain<Entry>(
      publisher,
      { order: this.#options.order, maxInFlight, maxTries },
      {
        clock: parts.clock,
        random: parts.random,
        isExpired: (entry) => this.#isExpired(entry),
        onDone: (entry) => {
          if (this.#done(entry)) parts.onSettled?.(entry, publisher)
        },
        onRejected: (rejection, entry) => {
          parts.onRejected(rejection, entry)
        },
      },
    )
  }

  #ageOf(entry: Entry | undefined): number {
    return entry === undefined ? 0 : this.#clock.now().monotonicSeconds - entry.putAtSeconds
  }

  #isExpired(entry: Entry): boolean {
    return this.#ageOf(entry) > this.#options.maxAgeSeconds
  }

  #bound(): void {
    for (const entry of this.#entries.keys()) {
      if (this.#isExpired(entry)) this.drop(entry, 'expired')
      else if (this.#bytes > this.#options.maxBytes) this.drop(entry, 'full')
      else return
    }
  }

  /** Whether others still need it. */
  #done(entry: Entry): boolean {
    const missing = (this.#entries.get(entry) ?? 1) - 1
    if (missing > 0) this.#entries.set(entry, missing)
    else this.#forget(entry)
    this.#owed -= 1
    if (this.#owed === 0) this.#settled()
    return missing > 0
  }

  #forget(entry: Entry): void {
    if (!this.#entries.delete(entry)) return
    this.#bytes -= entry.bytes
    this.#onGone(entry)
  }
}
