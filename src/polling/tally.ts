import type { PollsterReport } from './report.js'

/** Counts how each pollster does in one cycle. */
export interface Tally {
  worked(meter: string): void
  failed(meter: string, error: Error): void
  readonly reports: readonly PollsterReport[]
}

interface Count {
  resources: number
  failures: number
  error: Error | undefined
}

export function createTally(): Tally {
  const counts = new Map<string, Count>()
  const countOf = (meter: string): Count => {
    const count = counts.get(meter) ?? { resources: 0, failures: 0, error: undefined }
    counts.set(meter, count)
    return count
  }
  return {
    worked(meter) {
      countOf(meter).resources += 1
    },
    failed(meter, error) {
      const count = countOf(meter)
      count.resources += 1
      count.failures += 1
      count.error ??= error
    },
    get reports() {
      return [...counts].map(([meter, count]) => ({ meter, ...count }))
    },
  }
}
