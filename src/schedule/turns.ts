import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from './clock.js'

/** How long work goes on before the event loop gets its turn. */
const sliceSeconds = 0.001

/** Cuts long work into slices of time, so that whatever else the process does never waits for the end of it. */
export interface Turns {
  /** Whether this slice is over. To be asked between items that take a fraction of it. */
  areDue(): boolean
  /** Lets the event loop have its turn; then the next slice begins. Rejects with the signal's reason. */
  give(): Promise<void>
}

/** The first slice begins now. */
export function createTurns(clock: Pick<Clock, 'now'>, signal: AbortSignal): Turns {
  let since = clock.now().monotonicSeconds
  return {
    areDue: () => clock.now().monotonicSeconds - since >= sliceSeconds,
    async give() {
      await nextTurn()
      signal.throwIfAborted()
      since = clock.now().monotonicSeconds
    },
  }
}
