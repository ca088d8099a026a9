import { setMaxListeners } from 'node:events'
import { toError } from '../errors.js'
import type { Clock } from '../schedule/clock.js'
import { DrainPace } from './drain-pace.js'
import { decodeFile, type Damage } from './outbox-file.js'
import { isMissing, type OutboxFolder } from './outbox-folder.js'
import type { Notification } from './publisher.js'

export interface StoredFile {
  readonly file: string
  /** When the notification was put in, monotonic. */
  readonly putAtSeconds: number
}

/** A file that could not be read though its disk works. */
interface Suspect {
  /** The operating system's. */
  readonly code: string
  readonly sinceSeconds: number
  readonly tries: number
}

/** A file that alone cannot be read is given up after so many tries ... */
const leastTries = 5
/** ... over so long. */
const leastSeconds = 60

/** Reads back what an outbox has written, at a bounded pace. */
export class OutboxReader {
  readonly #folder: OutboxFolder
  readonly #clock: Clock
  readonly #pace: DrainPace
  readonly #suspects = new WeakMap<StoredFile, Suspect>()
  readonly #stop = new AbortController()
  /** One read at a time, so that a disk that hangs holds up a single thread. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(folder: OutboxFolder, clock: Clock) {
    this.#folder = folder
    this.#clock = clock
    this.#pace = new DrainPace(clock)
    setMaxListeners(0, this.#stop.signal)
  }

  /** A notification came that need not be read: the pace follows these. */
  countLive(): void {
    this.#pace.countLive()
  }

  /**
   * Rejects when the disk or the process is at fault, or with the reason of `stop`; a file is damaged that does not
   * decode, that is gone, or that alone cannot be read, for a minute or more.
   */
  async read(stored: StoredFile): Promise<Notification | Damage> {
    await this.#pace.turn(this.#stop.signal)
    const read = this.#last.then(() => this.#tryReading(stored))
    this.#last = read.catch(() => undefined)
    return read
  }

  stop(): void {
    this.#stop.abort()
  }

  async #tryReading(stored: StoredFile): Promise<Notification | Damage> {
    let content
    try {
      content = await this.#folder.read(stored.file)
    } catch (error) {
      return this.#judge(stored, toError(error))
    }
    this.#suspects.delete(stored)
    return decodeFile(content, stored.putAtSeconds)
  }

  async #judge(stored: StoredFile, error: Error): Promise<Damage> {
    const code = 'code' in error ? String(error.code) : ''
    if (!shortages.includes(code) && (await this.#folder.isInPlace())) {
      if (isMissing(error)) return { damage: 'it is gone' }
      if (await this.#isAlone(stored, code)) return { damage: error.message }
    } else this.#suspects.delete(stored)
    throw error
  }

  /** Whether it has failed in the same way often and long enough, while the disk took what was written. */
  async #isAlone(stored: StoredFile, code: string): Promise<boolean> {
    if (!(await this.#folder.probe().then(yes, no))) {
      this.#suspects.delete(stored)
      return false
    }
    const now = this.#clock.now().monotonicSeconds
    const known = this.#suspects.get(stored)
    const { sinceSeconds, tries } = known?.code === code ? known : { sinceSeconds: now, tries: 0 }
    this.#suspects.set(stored, { code, sinceSeconds, tries: tries + 1 })
    return tries + 1 >= leastTries && now - sinceSeconds >= leastSeconds
  }
}

/** Of too many open files, or no memory, file and disk are innocent. */
const shortages = ['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN']

const yes = (): boolean => true
const no = (): boolean => false
