import { AgentError, toError } from '../errors.js'
import type { Clock } from '../schedule/clock.js'
import { BackOff } from './back-off.js'
import type { OutboxFolder } from './outbox-folder.js'
import { untilAborted } from './until-aborted.js'

/** Told when the disk stops taking notifications and when it takes them again. */
export interface OutboxOutageObserver {
  onOutage(error: AgentError): void
  /** All that had to wait in memory meanwhile, and was not delivered, is on disk. */
  onRecovered(outage: { readonly seconds: number }): void
}

/** What is to be written. */
export interface Keepable {
  /** Its name; asked for when the folder is open, and not before. */
  readonly file: string
  content(): Buffer
}

export interface KeeperParts<Item> {
  readonly clock: Clock
  readonly random: () => number
  readonly observer: OutboxOutageObserver
  /** Once, when the folder can be used for the first time. */
  onOpened(): Promise<void>
  /** The item is safe from a power cut. */
  onStored(item: Item): void
}

/** Files between two syncs of the folder: each sync costs as much as some files. */
const groupSize = 32
/** A disk that takes longer for one group counts as away. */
const patienceSeconds = 30
/** The same for the first look at the folder, for which the start of the agent waits. */
const startSeconds = 5

/**
 * Does all the writing in an outbox's folder, one operation after the other, so that a disk that hangs holds up a
 * single thread. What fails is tried again after 1, 3, 5, … 30 seconds until it works.
 */
export class OutboxKeeper<Item extends Keepable> {
  readonly #folder: OutboxFolder
  readonly #parts: KeeperParts<Item>
  readonly #backOff: BackOff
  readonly #writes = new Set<Item>()
  readonly #begun = new WeakSet<Item>()
  #chores: (() => Promise<void>)[] = []
  #working: Promise<void> | undefined
  #opened = false
  #ready = false
  #awaySince: number | undefined
  /** Aborted when the end is near: what fails then is not tried again. */
  readonly #ending = new AbortController()

  constructor(folder: OutboxFolder, parts: KeeperParts<Item>) {
    this.#folder = folder
    this.#parts = parts
    this.#backOff = new BackOff({ firstSeconds: 1, stepSeconds: 2, maxSeconds: 30, random: parts.random })
  }

  /**
   * Resolves when the folder is open, or cannot be for now, which the observer is told. Rejects with a ConfigError
   * when another agent holds it.
   */
  async start(): Promise<void> {
    const opening = this.#open()
    try {
      if (await this.#endsWithin(startSeconds, opening)) return
      this.#away(new Error(`the disk has not answered for ${startSeconds} s`))
    } catch (error) {
      if (error instanceof AgentError) throw error
      this.#away(toError(error))
    }
    this.#wake(opening)
  }

  write(item: Item): void {
    this.#writes.add(item)
    this.#wake()
  }

  /** Does not write it any more. Whether nothing of it can be on disk. */
  forget(item: Item): boolean {
    this.#writes.delete(item)
    return !this.#begun.has(item)
  }

  /** Anything else that is to be done in the folder, after all that was asked for before. */
  also(chore: () => Promise<void>): void {
    this.#chores.push(chore)
    this.#wake()
  }

  /** Resolves when all is done that can be, or at the signal. From then on nothing is tried a second time. */
  async finish(signal: AbortSignal): Promise<void> {
    this.#ending.abort()
    if (this.#working !== undefined) await untilAborted(this.#working, signal).catch(() => undefined)
  }

  get #isIdle(): boolean {
    return this.#writes.size === 0 && this.#chores.length === 0
  }

  /** @param opening what may still be under way in the folder. */
  #wake(opening?: Promise<void>): void {
    this.#working ??= this.#work(opening).finally(() => (this.#working = undefined))
  }

  async #work(opening?: Promise<void>): Promise<void> {
    await opening?.catch(() => undefined)
    if (this.#awaySince !== undefined) await this.#rest()
    while (!this.#isIdle || (this.#awaySince !== undefined && !this.#ending.signal.aborted)) {
      try {
        await this.#round()
        if (this.#isIdle) this.#back()
      } catch (error) {
        this.#ready = false
        this.#away(toError(error))
        if (this.#ending.signal.aborted) return
        await this.#rest()
      }
    }
  }

  async #rest(): Promise<void> {
    const { clock } = this.#parts
    const until = clock.now().monotonicSeconds + this.#backOff.next()
    await clock.sleepUntil(until, this.#ending.signal).catch(() => undefined)
  }

  async #round(): Promise<void> {
    if (!this.#ready) await this.#watched(this.#open())
    const failure = await this.#watched(this.#doChores())
    // A full disk deletes files as well as any: only what is written shows that it is back.
    if (this.#awaySince !== undefined && this.#writes.size === 0) await this.#watched(this.#folder.probe())
    while (this.#writes.size > 0) await this.#watched(this.#writeGroup())
    if (failure !== undefined) throw failure
  }

  async #open(): Promise<void> {
    await this.#folder.open()
    if (!this.#opened) await this.#parts.onOpened()
    this.#opened = true
    this.#ready = true
  }

  /** The first failure. Those that failed wait for the next round, and hold up nothing else. */
  async #doChores(): Promise<Error | undefined> {
    const chores = this.#chores
    this.#chores = []
    let failure: Error | undefined
    for (const chore of chores) {
      try {
        await chore()
      } catch (error) {
        failure ??= toError(error)
        this.#chores.push(chore)
      }
    }
    return failure
  }

  async #writeGroup(): Promise<void> {
    const group = [...this.#writes].slice(0, groupSize)
    for (const item of group) {
      if (!this.#writes.has(item)) continue
      this.#begun.add(item)
      await this.#folder.write(item.file, item.content())
    }
    await this.#folder.sync()
    for (const item of group) if (this.#writes.delete(item)) this.#parts.onStored(item)
  }

  /** The work cannot be called off; that it hangs is told. */
  async #watched<T>(work: Promise<T>): Promise<T> {
    if (!(await this.#endsWithin(patienceSeconds, work)))
      this.#away(new Error(`the disk has not answered for ${patienceSeconds} s`))
    return work
  }

  /** Whether the work is over by then. Rejects with what it rejects with by then. */
  async #endsWithin(seconds: number, work: Promise<unknown>): Promise<boolean> {
    const { clock } = this.#parts
    const over = new AbortController()
    const until = clock.now().monotonicSeconds + seconds
    const late = clock.sleepUntil(until, over.signal).then(
      () => false,
      () => true,
    )
    try {
      return await Promise.race([work.then(() => true), late])
    } finally {
      over.abort()
    }
  }

  #away(cause: Error): void {
    if (this.#awaySince !== undefined) return
    this.#awaySince = this.#parts.clock.now().monotonicSeconds
    this.#parts.observer.onOutage(cause instanceof AgentError ? cause : unwritable(this.#folder.path, cause))
  }

  #back(): void {
    this.#backOff.reset()
    if (this.#awaySince === undefined) return
    const seconds = this.#parts.clock.now().monotonicSeconds - this.#awaySince
    this.#awaySince = undefined
    this.#parts.observer.onRecovered({ seconds })
  }
}

function unwritable(directory: string, cause: Error): AgentError {
  return new AgentError(
    'OUTBOX_UNWRITABLE',
    `the outbox ${directory} cannot be used: ${cause.message}; notifications wait in memory, which holds less and ` +
      'ends with the agent; see that the folder is on a local disk with room and that this user may write it',
    { details: { directory }, cause },
  )
}
