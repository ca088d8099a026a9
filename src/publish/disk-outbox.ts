import { NotificationError, type AgentError } from '../errors.js'
import type { Clock } from '../schedule/clock.js'
import { Backlog, type BacklogEntry, type BacklogOptions } from './backlog.js'
import { memoryOutboxBytes, type OutboxParts } from './memory-outbox.js'
import { diskBytes, encodeFile, type Damage } from './outbox-file.js'
import type { OutboxFolder } from './outbox-folder.js'
import { OutboxKeeper, type Keepable, type OutboxOutageObserver } from './outbox-keeper.js'
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

interface Entry extends BacklogEntry, Keepable {
  /** Of samples. */
  readonly payloadBytes: number
  /** Until it is stored. */
  notification: Notification | undefined
  /** The last that was read, while anyone still holds it: a publisher knows by it what it has sent already. */
  copy: WeakRef<Notification> | undefined
  readonly doneBy: Set<string>
  /** No destination needs it any more. */
  gone: boolean
  damaged: boolean
}

interface EntryFacts extends Pick<
  Entry,
  'order' | 'sampleCount' | 'payloadBytes' | 'putAtSeconds' | 'doneBy' | 'notification'
> {
  readonly file: () => string
}

class DiskOutbox implements Outbox {
  readonly #destinations: readonly KeyedPublisher[]
  readonly #clock: Clock
  readonly #folder: OutboxFolder
  readonly #observer: OutboxObserver
  readonly #backlog: Backlog<Entry>
  readonly #keeper: OutboxKeeper<Entry>
  readonly #reader: OutboxReader
  /** In memory alone, oldest first. */
  readonly #unstored = new Set<Entry>()
  #unstoredBytes = 0
  #recoveredSamples = 0
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
    this.#backlog = new Backlog<Entry>(
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
    this.#keeper = new OutboxKeeper<Entry>(parts.folder, {
      ...{ clock: parts.clock, random: parts.random, observer: parts.observer },
      onOpened: () => this.#recover(),
      onStored: (entry) => {
        this.#stored(entry)
      },
    })
  }

  start(): Promise<void> {
    return this.#keeper.start()
  }

  put(notification: Notification): void {
    const now = this.#clock.now()
    let file: string | undefined
    const { sampleCount, samplesJson } = notification
    const entry = this.#entryOf({
      ...{ order: (this.#order += 1), sampleCount, payloadBytes: samplesJson.length, notification },
      ...{ putAtSeconds: now.monotonicSeconds, doneBy: new Set() },
      file: () => (file ??= this.#nameOf(notification, now.wallMs)),
    })
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
      recoveredSamples: this.#recoveredSamples,
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

  #entryOf({ file, ...facts }: EntryFacts): Entry {
    const entry: Entry = {
      ...{ ...facts, bytes: diskBytes(facts.payloadBytes), copy: undefined, gone: false, damaged: false },
      get file() {
        return file()
      },
      content: () => encodeFile(this.#held(entry)),
      read: () => this.#read(entry),
    }
    return entry
  }

  #nameOf({ sampleCount, samplesJson: { length: bytes } }: Notification, wallMs: number): string {
    this.#lastStamp = Math.max(this.#lastStamp + 1, Math.floor(wallMs * 1000))
    return fileName({ stamp: this.#lastStamp, sampleCount, bytes })
  }

  #held({ notification, file }: Entry): Notification {
    if (notification === undefined) throw new RangeError(`${file} is stored already`)
    return notification
  }

  async #recover(): Promise<void> {
    const { files, temporaries, foreign } = await this.#folder.scan()
    const waiting = new Map<Entry, readonly Publisher[]>()
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
        this.#recoveredSamples += publishers.length * facts.sampleCount
      }
    }
    this.#observer.onOpened({ notifications: waiting.size, samples, temporaries, foreign })
    this.#backlog.addOlder(waiting)
  }

  #recovered({ name, facts, doneBy }: FoundFile, order: number): Entry {
    const now = this.#clock.now()
    const ageSeconds = Math.max(0, now.wallMs / 1e3 - facts.stamp / 1e6)
    return this.#entryOf({
      ...{ order, sampleCount: facts.sampleCount, payloadBytes: facts.bytes, notification: undefined },
      ...{ putAtSeconds: now.monotonicSeconds - ageSeconds, doneBy: new Set(doneBy), file: () => name },
    })
  }

  async #read(entry: Entry): Promise<Notification> {
    const held = entry.notification ?? entry.copy?.deref()
    if (held !== undefined) return held
    const read = await this.#reader.read(entry.file, entry.putAtSeconds)
    if ('damage' in read) throw this.#damaged(entry, read)
    entry.copy = new WeakRef(read)
    return read
  }

  #damaged(entry: Entry, { damage }: Damage): NotificationError {
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

  #stored(entry: Entry): void {
    entry.copy = entry.notification === undefined ? undefined : new WeakRef(entry.notification)
    this.#leaveMemory(entry)
  }

  #leaveMemory(entry: Entry): void {
    entry.notification = undefined
    if (this.#unstored.delete(entry)) this.#unstoredBytes -= entry.payloadBytes
  }

  #boundMemory(): void {
    for (const entry of this.#unstored) {
      if (this.#unstoredBytes <= memoryOutboxBytes) return
      this.#backlog.drop(entry, 'unwritable')
    }
  }

  #markDone(entry: Entry, key: string): void {
    entry.doneBy.add(key)
    this.#keeper.also(async () => {
      if (!entry.gone) await this.#folder.markDone(entry.file, key)
    })
  }

  #gone(entry: Entry): void {
    entry.gone = true
    const written = !this.#unstored.has(entry) || !this.#keeper.forget(entry)
    this.#leaveMemory(entry)
    if (written || entry.doneBy.size > 0) this.#keeper.also(() => this.#discard(entry))
  }

  async #discard({ file, damaged, doneBy }: Entry): Promise<void> {
    if (damaged) await this.#folder.setAside(file, 'damaged')
    await this.#folder.remove(file, [...doneBy])
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
