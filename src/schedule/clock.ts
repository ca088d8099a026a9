import { setTimeout as delay } from 'node:timers/promises'

/** One moment on both clocks: wall time for the wire, monotonic time for intervals and rates. */
export interface Instant {
  /** Milliseconds since the Unix epoch, UTC. May go back when an operator sets the clock. */
  readonly wallMs: number
  /** Seconds of CLOCK_MONOTONIC, the clock of Python's `time.monotonic()`. Never goes back. */
  readonly monotonicSeconds: number
}

/** The only source of time. Handed in everywhere, so that a test can hold it. */
export interface Clock {
  now(): Instant
  /**
   * Resolves at or after that monotonic second. Rejects with the signal's reason, also when the signal had aborted
   * before, whatever the time.
   */
  sleepUntil(monotonicSeconds: number, signal: AbortSignal): Promise<void>
}

const longestTimerMs = 2 ** 31 - 1

/** The machine's clocks. */
export const systemClock: Clock = {
  now: () => ({ wallMs: Date.now(), monotonicSeconds: Number(process.hrtime.bigint()) / 1e9 }),
  async sleepUntil(monotonicSeconds, signal) {
    for (;;) {
      signal.throwIfAborted()
      const leftMs = Math.ceil((monotonicSeconds - systemClock.now().monotonicSeconds) * 1000)
      if (leftMs <= 0) return
      await delay(Math.min(leftMs, longestTimerMs), undefined, { signal }).catch((error: unknown) => {
        // The timer's own AbortError has the reason as its cause only.
        signal.throwIfAborted()
        throw error
      })
    }
  },
}
