import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'

/** Asks again and again; for what the binding does by itself and tells nobody. */
export async function until(probe, deadlineSeconds = 60) {
  const deadline = performance.now() + deadlineSeconds * 1000
  while (!(await probe())) {
    if (performance.now() > deadline) throw new Error(`not within ${deadlineSeconds} s: ${probe}`)
    await sleep(10)
  }
}
