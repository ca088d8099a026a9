import { setMaxListeners } from 'node:events'
import type { Clock } from '../schedule/clock.js'
import { DrainPace } from './drain-pace.js'
import { decodeFile, type Damage } from './outbox-file.js'
import { isMissing, type OutboxFolder } from './outbox-folder.js'
import type { Notification } from './publisher.js'

/** Reads back what an outbox has written, at a bounded pace. */
export class OutboxReader {
  readonly #folder: OutboxFolder
  readonly #pace: DrainPace
  readonly #stop = new AbortController()
  /** One read at a time, so that a disk that hangs holds up a single thread. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(folder: OutboxFolder, clock: Clock) {
    this.#folder = folder
    this.#pace = new DrainPace(clock)
    setMaxListeners(0, this.#stop.signal)
  }

  /** A notification came that need not be read: the pace follows these. */
  countLive(): void {
    this.#pace.countLive()
  }

  /**
   * Rejects when the process is short of files or memory, or with the reason of `stop`; whatever else goes wrong is
   * the file's damage.
   *
   * @param putAtSeconds when the notification was put in, monotonic.
   */
  async read(file: string, putAtSeconds: number): Promise<Notification | Damage> {
    await this.#pace.turn(this.#stop.signal)
    const read = this.#last.then(() => this.#folder.read(file))
    this.#last = read.catch(() => undefined)
    return read.then((content) => decodeFile(content, putAtSeconds), damageOf)
  }

  stop(): void {
    this.#stop.abort()
  }
}

/** Of too many open files, or no memory, the file is innocent. */
const passing = ['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN']

function damageOf(error: unknown): Damage {
  if (isMissing(error)) return { damage: 'it is gone' }
  if (!(error instanceof Error)) throw error
  if ('code' in error && passing.includes(String(error.code))) throw error
  return { damage: error.message }
}
