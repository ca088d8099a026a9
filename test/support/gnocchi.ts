import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** A measure of one metric: ISO 8601 without a zone, and its value. */
export type Measure = readonly [timestamp: string, value: number]

const program = fileURLToPath(new URL('gnocchi-replay.py', import.meta.url))

/**
 * How many points Debian's Gnocchi keeps, at the finest granularity of one of its default archive policies, of measures
 * that come one message after the other.
 */
export function pointsKept(
  policy: 'low' | 'medium',
  arrivals: readonly (readonly Measure[])[],
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = execFile('/usr/bin/python3', [program], { timeout: 60_000 }, (error, stdout, stderr) => {
      if (error === null) resolve(Number(stdout))
      else reject(new Error(`the replay failed: ${stderr}`, { cause: error }))
    })
    child.stdin?.end(JSON.stringify({ policy, arrivals }))
  })
}
