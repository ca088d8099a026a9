import type { Clock } from '../schedule/clock.js'

/** A backlog goes out at this rate at the least, ... */
const leastPerSecond = 100
/** ... and at so many times the rate at which new notifications come, so that it always shrinks. */
const timesLive = 4
const windowSeconds = 60
/** What may be made up for at once after the event loop was held up. */
const mostBehindSeconds = 0.1

/** Spaces out what is read back from disk, so that catching up after an outage leaves the process to polling. */
export class DrainPace {
  readonly #clock: Clock
  #windowEnd = -Infinity
  #lastWindow = 0
  #thisWindow = 0
  #next = -Infinity

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** A new notification came. */
  countLive(): void {
    const now = this.#clock.now().monotonicSeconds
    if (now >= this.#windowEnd) {
      this.#lastWindow = now >= this.#windowEnd + windowSeconds ? 0 : this.#thisWindow
      this.#thisWindow = 0
      this.#windowEnd = now + windowSeconds
    }
    this.#thisWindow += 1
  }

  /** Resolves, in the order of the calls, when one more may go. Rejects with the signal's reason. */
  async turn(signal: AbortSignal): Promise<void> {
    const now = this.#clock.now().monotonicSeconds
    const at = Math.max(this.#next, now - mostBehindSeconds)
    this.#next = at + 1 / this.#perSecond()
    if (at > now) await this.#clock.sleepUntil(at, signal)
  }

  #perSecond(): number {
    const live = Math.max(this.#lastWindow, this.#thisWindow) / windowSeconds
    return Math.max(leastPerSecond, timesLive * live)
  }
}
