import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Asks again and again until `probe` gives something other than undefined or false, and gives that. Throws with `what`
 * and the probe's last error when the deadline passes. For things outside this process that say nothing when they
 * are done; what can be awaited is awaited.
 */
export async function waitFor<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  deadlineSeconds = 30,
): Promise<T> {
  const deadline = performance.now() + deadlineSeconds * 1000
  let cause: unknown
  while (performance.now() < deadline) {
    try {
      const answer = await probe()
      if (answer !== undefined && answer !== false) return answer
      cause = undefined
    } catch (error) {
      cause = error
    }
    await sleep(50)
  }
  throw new Error(`not within ${deadlineSeconds} s: ${what}`, { cause })
}
