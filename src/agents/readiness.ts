import { BackOff } from '../publish/back-off.js'
import type { Publisher } from '../publish/publisher.js'
import type { Clock } from '../schedule/clock.js'

/**
 * Tries each destination until it was ready once, after 1, 3, 5, … 30 seconds again, so that log and health tell of it
 * before there is anything to send. Resolves then, or soon after the signal; what fails is told to the destinations'
 * own observers.
 */
export async function tryDestinations(
  publishers: readonly Publisher[],
  { clock, random }: { readonly clock: Clock; readonly random: () => number },
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(
    publishers.map(async (publisher) => {
      const backOff = new BackOff({ firstSeconds: 1, stepSeconds: 2, maxSeconds: 30, random })
      while (!signal.aborted && !(await isReady(publisher, signal))) {
        const until = clock.now().monotonicSeconds + backOff.next()
        await clock.sleepUntil(until, signal).catch(() => undefined)
      }
    }),
  )
}

async function isReady(publisher: Publisher, signal: AbortSignal): Promise<boolean> {
  try {
    await publisher.ready(signal)
    return true
  } catch {
    return false
  }
}
