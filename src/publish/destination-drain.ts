import { setMaxListeners } from 'node:events'
import { DestinationError, NotificationError } from '../errors.js'
import type { Clock } from '../schedule/clock.js'
import { BackOff } from './back-off.js'
import { DestinationAccount } from './destination-account.js'
import type { DropReason, Notification, Publisher } from './publisher.js'
import { untilAborted } from './until-aborted.js'
import { WaitingLine, type DrainOrder, type Ordered } from './waiting-line.js'

/** A stored notification, as far as a drain must know it. */
export interface OutboxEntry extends Ordered {
  readonly sampleCount: number
  /** Gives the notification itself, from wherever it is kept. */
  read(): Promise<Notification>
}

export interface DrainOptions {
  readonly order: DrainOrder
  /** Notifications handed to the publisher and not yet answered for. */
  readonly maxInFlight: number
  /** How often a notification is offered that is itself refused. */
  readonly maxTries: number
}

/** What one destination refused for good. */
export interface Rejection {
  readonly destination: string
  readonly samples: number
  readonly error: NotificationError
}

export interface DrainParts<Entry> {
  readonly clock: Clock
  readonly random: () => number
  isExpired(entry: Entry): boolean
  /** This destination needs the entry no more. */
  onDone(entry: Entry): void
  /** Told before `onDone`. */
  onRejected(rejection: Rejection, entry: Entry): void
}

/**
 * Hands the entries of an outbox to one destination, some at a time, in order. Knows nothing of storage.
 *
 * A fault of the destination puts the entry back into its place and stops the drain for a while that grows; then one
 * entry goes first, and the others when it was taken. A fault of the notification lets the others go by; it is tried
 * again after 1, 2, 3, … seconds when none of them waits, and set aside after `maxTries`.
 */
export class DestinationDrain<Entry extends OutboxEntry> {
  readonly #publisher: Publisher
  readonly #options: DrainOptions
  readonly #parts: DrainParts<Entry>
  readonly #account: DestinationAccount
  readonly #backOff: BackOff
  readonly #stop = new AbortController()
  readonly #waiting = new WaitingLine<Entry>()
  /** Refused at least once. */
  readonly #suspects = new WaitingLine<Entry>()
  readonly #tries = new WeakMap<Entry, number>()
  readonly #inFlight = new Map<Entry, Promise<void>>()
  /** In flight, and not to be kept when that fails. */
  readonly #doomed = new Map<Entry, DropReason>()
  #keep: (entry: Entry) => boolean = () => false
  #lastRead: Promise<unknown> = Promise.resolve()
  #failing = false
  #notBefore = -Infinity
  /** Counts the stops, so that entries that were in flight together make one stop, not many. */
  #stops = 0
  #suspectsNotBefore = -Infinity
  #wakeAt = Infinity

  constructor(publisher: Publisher, options: DrainOptions, parts: DrainParts<Entry>) {
    this.#publisher = publisher
    this.#options = options
    this.#parts = parts
    this.#account = new DestinationAccount(publisher.name)
    setMaxListeners(0, this.#stop.signal)
    this.#backOff = new BackOff({ firstSeconds: 1, stepSeconds: 2, maxSeconds: 30, random: parts.random })
  }

  get figures(): DestinationAccount['figures'] {
    return this.#account.figures
  }

  /** Of what this destination lacks. */
  get oldest(): Entry | undefined {
    return [this.#waiting.first, this.#suspects.first, ...this.#inFlight.keys()]
      .filter((entry) => entry !== undefined)
      .reduce<Entry | undefined>((a, b) => (a !== undefined && a.order < b.order ? a : b), undefined)
  }

  add(entry: Entry): void {
    this.#account.countPut(entry.sampleCount)
    this.#waiting.add(entry)
    this.#pump()
  }

  /** Those of an earlier run, in their order. */
  addRecovered(entries: Iterable<Entry>): void {
    for (const entry of entries) {
      this.#account.countRecovered(entry.sampleCount)
      this.#waiting.add(entry)
    }
    this.#pump()
  }

  /** Forgets an entry at once, or, if it is under way, when that fails. */
  drop(entry: Entry, reason: DropReason): void {
    if (this.#waiting.remove(entry) || this.#suspects.remove(entry)) this.#dropped(entry, reason)
    else if (this.#inFlight.has(entry)) this.#doomed.set(entry, reason)
  }

  /** For good: gives up what is under way. What is not to be kept for another time is dropped as `stopped`. */
  async stop(keep: (entry: Entry) => boolean): Promise<void> {
    this.#keep = keep
    this.#stop.abort(new DestinationError('STOPPED', `${this.#publisher.name}: the outbox was closed`))
    for (const line of [this.#waiting, this.#suspects]) for (const entry of line.takeAll()) this.#leave(entry)
    await Promise.all(this.#inFlight.values())
  }

  #pump(): void {
    if (this.#stop.signal.aborted) return
    const now = this.#parts.clock.now().monotonicSeconds
    if (now < this.#notBefore) {
      void this.#pumpAt(this.#notBefore)
      return
    }
    const most = this.#failing ? 1 : this.#options.maxInFlight
    while (this.#inFlight.size < most) {
      const entry = this.#waiting.take(this.#options.order) ?? this.#takeSuspect(now)
      if (entry === undefined) return
      if (this.#parts.isExpired(entry)) this.#dropped(entry, 'expired')
      else this.#inFlight.set(entry, this.#deliver(entry))
    }
  }

  #takeSuspect(now: number): Entry | undefined {
    if (now >= this.#suspectsNotBefore) return this.#suspects.take('oldest-first')
    void this.#pumpAt(this.#suspectsNotBefore)
    return undefined
  }

  async #pumpAt(monotonicSeconds: number): Promise<void> {
    if (monotonicSeconds >= this.#wakeAt) return
    this.#wakeAt = monotonicSeconds
    await this.#parts.clock.sleepUntil(monotonicSeconds, this.#stop.signal).catch(() => undefined)
    if (this.#wakeAt === monotonicSeconds) this.#wakeAt = Infinity
    this.#pump()
  }

  async #deliver(entry: Entry): Promise<void> {
    const stops = this.#stops
    const { signal } = this.#stop
    try {
      const notification = await untilAborted(this.#readInTurn(entry), signal)
      // When others failed meanwhile, the oldest of them goes first again.
      const overtaken = stops !== this.#stops
      if (!overtaken) await untilAborted(this.#publisher.publish(notification, signal), signal)
      this.#inFlight.delete(entry)
      if (overtaken) this.#putBack(entry)
      else this.#confirmed(entry)
    } catch (error) {
      this.#inFlight.delete(entry)
      this.#failed(entry, error, stops)
    }
    this.#doomed.delete(entry)
    this.#pump()
  }

  /** What was taken first is published first, though what is in memory is read sooner than what is on disk. */
  #readInTurn(entry: Entry): Promise<Notification> {
    const before = this.#lastRead
    const read = entry.read()
    read.catch(() => undefined)
    const inTurn = before.then(() => read)
    this.#lastRead = inTurn.catch(() => undefined)
    return inTurn
  }

  #confirmed(entry: Entry): void {
    this.#failing = false
    this.#backOff.reset()
    this.#account.countConfirmed(entry.sampleCount)
    this.#parts.onDone(entry)
  }

  #failed(entry: Entry, error: unknown, stops: number): void {
    const ofNotification = error instanceof NotificationError
    if (!ofNotification && stops === this.#stops && !this.#stop.signal.aborted) this.#pause()
    if (ofNotification && !this.#doomed.has(entry) && !this.#stop.signal.aborted) this.#refused(entry, error)
    else this.#putBack(entry)
  }

  /** What was under way and is not there. */
  #putBack(entry: Entry): void {
    const doom = this.#doomed.get(entry)
    if (doom !== undefined) this.#dropped(entry, doom)
    else if (this.#stop.signal.aborted) this.#leave(entry)
    else if (this.#tries.has(entry)) this.#suspects.add(entry)
    else this.#waiting.add(entry)
  }

  #pause(): void {
    this.#stops += 1
    this.#failing = true
    this.#notBefore = this.#parts.clock.now().monotonicSeconds + this.#backOff.next()
  }

  #refused(entry: Entry, error: NotificationError): void {
    const tries = (this.#tries.get(entry) ?? 0) + 1
    this.#tries.set(entry, tries)
    if (tries < this.#options.maxTries) {
      this.#suspects.add(entry)
      this.#suspectsNotBefore = this.#parts.clock.now().monotonicSeconds + tries
      return
    }
    this.#parts.onRejected({ destination: this.#publisher.name, samples: entry.sampleCount, error }, entry)
    this.#dropped(entry, 'rejected')
  }

  #leave(entry: Entry): void {
    if (!this.#keep(entry)) this.#dropped(entry, 'stopped')
  }

  #dropped(entry: Entry, reason: DropReason): void {
    this.#account.countDropped(entry.sampleCount, reason)
    this.#parts.onDone(entry)
  }
}
