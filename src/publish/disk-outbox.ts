import { NotificationError, type AgentError } from '../errors.js'
import type { Clock } from '../schedule/clock.js'
import { Backlog, type BacklogOptions } from './backlog.js'
import { memoryOutboxBytes, type OutboxParts } from './memory-outbox.js'
import { DiskEntry, type DiskEntryKind } from './disk-entry.js'
import type { Damage } from './outbox-file.js'
import type { OutboxFolder } from './outbox-folder.js'
import { OutboxKeeper, type OutboxOutageObserver } from './outbox-keeper.js'
import { fileName, type FoundFile } from './outbox-names.js'
import { OutboxReader } from './outbox-reader.js'
import type { Notification, Outbox, OutboxFigures, Publisher } from './publisher.js'

/** A destination of a disk outbox. */
export interface KeyedPublisher {
  readonly publisher: Publisher
  /** Twelve hex digits that stay the same from run to run; no two destinations have the same. */
  readonly key: string
}

export interface OutboxObserver extends OutboxOutageObserver {
  /** The folder is open; what an earlier run left there goes on its way. */
  onOpened(found: Recovered): void
  onDamaged(error: AgentError): void
}

export interface Recovered {
  readonly notifications: number
  readonly samples: number
  /** See `Found`. */
  readonly temporaries: number
  readonly foreign: number
}

export interface DiskOutboxParts extends OutboxParts {
  readonly folder: OutboxFolder
  readonly observer: OutboxObserver
}

/** What writing what is left may take at the end. */
const flushSeconds = 1

class DiskOutbox implements Outbox {
  readonly #destinations: readonly KeyedPublisher[]
  readonly #clock: Clock
  readonly #folder: OutboxFolder
  readonly #observer: OutboxObserver
  readonly #backlog: Backlog<DiskEntry>
  readonly #keeper: OutboxKeeper<DiskEntry>
  readonly #reader: OutboxReader
  readonly #kind: DiskEntryKind = { name: (entry) => this.#nameOf(entry), read: (entry) => this.#read(entry) }
  /** In memory alone, oldest first. */
  readonly #unstored = new Set<DiskEntry>()
  #unstoredBytes = 0
  /** Of what is put in; what an earlier run left has negative ones. */
  #order = 0
  #lastStamp = 0

  constructor(destinations: readonly KeyedPublisher[], options: BacklogOptions, parts: DiskOutboxParts) {
    this.#destinations = destinations
    this.#clock = parts.clock
    this.#folder = parts.folder
    this.#observer = parts.observer
    this.#reader = new OutboxReader(parts.folder, parts.clock)
    const keys = new Map(destinations.map(({ publisher, key }) => [publisher, key]))
    this.#backlog = new Backlog<DiskEntry>(
      destinations.map(({ publisher }) => publisher),
      options,
      {
        ...{ clock: parts.clock, random: parts.random },
        onRejected: (rejection, entry) => {
          this.#keeper.also(() => this.#folder.setAside(entry.file, 'rejected'))
          parts.onRejected(rejection)
        },
        onSettled: (entry, publisher) => {
          this.#markDone(entry, keys.get(publisher) ?? '')
        },
        onGone: (entry) => {
          this.#gone(entry)
        },
      },
    )
    this.#keeper = new OutboxKeeper<DiskEntry>(parts.folder, {
      ...{ clock: parts.clock, random: parts.random, observer: parts.observer },
      onOpened: () => this.#recover(),
      onStored: (entry) => {
        this.#leaveMemory(entry)
      },
    })
  }

  start(): Promise<void> {
    return this.#keeper.start()
  }

  put(notification: Notification): void {
    const { sampleCount, samplesJson } = notification
    const putAtSeconds = this.#clock.now().monotonicSeconds
    const order = (this.#order += 1)
    const entry = new DiskEntry(
      { order, sampleCount, payloadBytes: samplesJson.length, putAtSeconds },
      this.#kind,
    )
    entry.notification = notification
    this.#reader.countLive()
    this.#unstored.add(entry)
    this.#unstoredBytes += entry.payloadBytes
    this.#keeper.write(entry)
    this.#backlog.add(entry)
    this.#boundMemory()
  }

  get figures(): OutboxFigures {
    const figures = this.#backlog.figures
    return {
      ...figures,
      storedNotifications: figures.queuedNotifications - this.#unstored.size,
    }
  }

  async close(signal: AbortSignal): Promise<void> {
    await this.#backlog.settled(signal)
    const over = new AbortController()
    const until = this.#clock.now().monotonicSeconds + flushSeconds
    const flushed = (async () => {
      await this.#keeper.finish(over.signal)
      this.#reader.stop()
      await this.#backlog.stop((entry) => !this.#unstored.has(entry))
      await this.#keeper.finish(over.signal)
      over.abort()
    })()
    await this.#clock.sleepUntil(until, over.signal).catch(() => undefined)
    over.abort()
    await flushed
    await this.#folder.close()
  }

  #nameOf({ sampleCount, payloadBytes: bytes, putAtSeconds }: DiskEntry): string {
    const now = this.#clock.now()
    const putAtMs = now.wallMs - (now.monotonicSeconds - putAtSeconds) * 1000
    this.#lastStamp = Math.max(this.#lastStamp + 1, Math.floor(putAtMs * 1000))
    return fileName({ stamp: this.#lastStamp, sampleCount, bytes })
  }

  async #recover(): Promise<void> {
    const { files, temporaries, foreign } = await this.#folder.scan()
    const waiting = new Map<DiskEntry, readonly Publisher[]>()
    let samples = 0
    for (const [index, found] of files.entries()) {
      const { name, facts, doneBy } = found
      this.#lastStamp = Math.max(this.#lastStamp, facts.stamp)
      const lacking = this.#destinations.filter(({ key }) => !doneBy.includes(key))
      const publishers = lacking.map(({ publisher }) => publisher)
      if (publishers.length === 0) this.#keeper.also(() => this.#folder.remove(name, doneBy))
      else {
        waiting.set(this.#recovered(found, index - files.length), publishers)
        samples += facts.sampleCount
      }
    }
    this.#observer.onOpened({ notifications: waiting.size, samples, temporaries, foreign })
    this.#backlog.addRecovered(waiting)
  }

  #recovered({ name, facts, doneBy }: FoundFile, order: number): DiskEntry {
    const now = this.#clock.now()
    const ageSeconds = Math.max(0, now.wallMs / 1e3 - facts.stamp / 1e6)
    const putAtSeconds = now.monotonicSeconds - ageSeconds
    const { sampleCount, bytes: payloadBytes } = facts
    const entry = new DiskEntry({ order, sampleCount, payloadBytes, putAtSeconds }, this.#kind, name)
    entry.doneBy = doneBy
    return entry
  }

  async #read(entry: DiskEntry): Promise<Notification> {
    const read = await this.#reader.read(entry)
    if ('damage' in read) throw this.#damaged(entry, read)
    if (read.sampleCount === entry.sampleCount) return read
    throw this.#damaged(entry, {
      damage: `it holds ${read.sampleCount} samples, not as many as its name says`,
    })
  }

  #damaged(entry: DiskEntry, { damage }: Damage): NotificationError {
    const error = new NotificationError(
      'OUTBOX_DAMAGED',
      `${entry.file} of the outbox ${this.#folder.path} is not what was written there: ${damage}; it was moved to ` +
        `damaged/ with its ${entry.sampleCount} samples; look at the disk`,
      { details: { file: entry.file, samples: entry.sampleCount } },
    )
    if (entry.gone) return error
    entry.damaged = true
    this.#backlog.drop(entry, 'damaged')
    this.#observer.onDamaged(error)
    return error
  }

  #leaveMemory(entry: DiskEntry): void {
    entry.letGo()
    if (this.#unstored.delete(entry)) this.#unstoredBytes -= entry.payloadBytes
  }

  #boundMemory(): void {
    for (const entry of this.#unstored) {
      if (this.#unstoredBytes <= memoryOutboxBytes) return
      this.#backlog.drop(entry, 'unwritable')
    }
  }

  #markDone(entry: DiskEntry, key: string): void {
    entry.doneBy = [...entry.doneBy, key]
    this.#keeper.also(async () => {
      if (!entry.gone) await this.#folder.markDone(entry.file, key)
    })
  }

  #gone(entry: DiskEntry): void {
    entry.gone = true
    const written = !this.#unstored.has(entry) || !this.#keeper.forget(entry)
    this.#leaveMemory(entry)
    if (written || entry.doneBy.length > 0) this.#keeper.also(() => this.#discard(entry))
  }

  async #discard({ file, damaged, doneBy }: DiskEntry): Promise<void> {
    if (damaged) await this.#folder.setAside(file, 'damaged')
    await this.#folder.remove(file, doneBy)
  }
}

/**
 * Keeps notifications in files until every destination has them; the next run goes on with what this one leaves.
 *
 * A notification is offered to its destinations at once and written beside that; it is safe from a crash when its file
 * bears its name, and from a power cut a moment later. What is not yet written is in memory, at most
 * `memoryOutboxBytes` of it: when the disk cannot take more, the oldest there are dropped as `unwritable`. A
 * notification that was under way when a run ended is sent again by the next one, with the same `message_id` and
 * samples.
 *
 * Rejects with a ConfigError OUTBOX_HELD when another agent holds the folder. A folder that cannot be used for any
 * other reason is an outage like a later one: the observer is told, and the outbox works in memory until it can.
 */
export async function openDiskOutbox(
  destinations: readonly KeyedPublisher[],
  options: BacklogOptions,
  parts: DiskOutboxParts,
): Promise<Outbox> {
  const outbox = new DiskOutbox(destinations, options, parts)
  await outbox.start()
  return outbox
}
