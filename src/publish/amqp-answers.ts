import type { Clock } from '../schedule/clock.js'

export interface AnswersOptions {
  readonly clock: Clock
  /** How long the broker may take for an answer. */
  readonly seconds: number
  /** Ends the watch. */
  readonly signal: AbortSignal
  /** An answer did not come in time. Told once. */
  onLate(what: string): void
}

interface Awaited {
  readonly what: string
  readonly sinceSeconds: number
}

/** Watches that a broker answers in time: one timer for all answers that are awaited. */
export class AwaitedAnswers {
  readonly #options: AnswersOptions
  /** Oldest first. */
  readonly #awaited = new Set<Awaited>()
  #watching = false
  #held = false
  #releasedAt = -Infinity

  constructor(options: AnswersOptions) {
    this.#options = options
  }

  /** From now on; call what it gives when the answer is there. */
  expect(what: string): () => void {
    const awaited = { what, sinceSeconds: this.#now() }
    this.#awaited.add(awaited)
    if (!this.#watching) void this.#watch()
    return () => {
      this.#awaited.delete(awaited)
    }
  }

  /** Until `release` no time passes. */
  hold(): void {
    this.#held = true
  }

  release(): void {
    this.#held = false
    this.#releasedAt = this.#now()
  }

  async #watch(): Promise<void> {
    const { clock, seconds, signal } = this.#options
    this.#watching = true
    while (!signal.aborted) {
      const [oldest] = this.#awaited
      if (oldest === undefined) break
      const now = this.#now()
      const due = (this.#held ? now : Math.max(oldest.sinceSeconds, this.#releasedAt)) + seconds
      if (now >= due) {
        this.#options.onLate(oldest.what)
        break
      }
      await clock.sleepUntil(due, signal).catch(() => undefined)
    }
    this.#watching = false
  }

  #now(): number {
    return this.#options.clock.now().monotonicSeconds
  }
}
