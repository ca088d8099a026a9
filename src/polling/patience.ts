import { PollsterError } from '../errors.js'
import type { Clock } from '../schedule/clock.js'

/** Gives each asynchronous pollster its share of one cycle's time. */
export interface Patience {
  /** Aborts when the pollster's time is over, or the cycle is given up. */
  signalOf(meter: string): AbortSignal
  /** Waits for an answer. Rejects with a PollsterError when the pollster's time in this cycle is over. */
  wait<T>(meter: string, answer: PromiseLike<T>): Promise<T>
  /** Whether the pollster has used up its time. */
  isOver(meter: string): boolean
  /** To be called when the cycle is over. */
  end(): void
}

interface Share {
  secondsLeft: number
  readonly stop: AbortController
}

/** What a pollster is told that takes more than its share. */
export function overdue(meter: string, seconds: number): PollsterError {
  return new PollsterError(
    'POLLSTER_FAILED',
    `the pollster of ${meter} took more than its ${seconds} seconds of this cycle`,
    { details: { meter } },
  )
}

/** `seconds`: what one pollster may take for all its resources together in one cycle. */
export function createPatience(clock: Clock, seconds: number, signal: AbortSignal): Patience {
  const shares = new Map<string, Share>()
  const shareOf = (meter: string): Share => {
    let share = shares.get(meter)
    if (share === undefined) {
      share = { secondsLeft: seconds, stop: new AbortController() }
      if (signal.aborted) share.stop.abort(signal.reason)
      shares.set(meter, share)
    }
    return share
  }
  const stopAll = (): void => {
    for (const { stop } of shares.values()) stop.abort(signal.reason)
  }
  signal.addEventListener('abort', stopAll, { once: true })
  return {
    signalOf: (meter) => shareOf(meter).stop.signal,
    isOver: (meter) => (shares.get(meter)?.secondsLeft ?? seconds) <= 0,
    async wait(meter, answer) {
      const share = shareOf(meter)
      const since = clock.now().monotonicSeconds
      const answered = new AbortController()
      const cut = AbortSignal.any([answered.signal, share.stop.signal])
      const timeOver = clock.sleepUntil(since + share.secondsLeft, cut).then(() => {
        const error = overdue(meter, seconds)
        share.stop.abort(error)
        throw error
      })
      try {
        return await Promise.race([answer, timeOver])
      } finally {
        answered.abort()
        share.secondsLeft -= clock.now().monotonicSeconds - since
      }
    },
    end: () => {
      signal.removeEventListener('abort', stopAll)
    },
  }
}
