import { TestRunner } from 'vitest'
import type { Agent } from './agent.js'
import type { Holdings } from './holdings.js'

declare module 'vitest' {
  interface TaskMeta {
    faults?: FaultFigures[]
  }
}

/** What one kind of fault did to the agent; a row of docs/reliability.md. What does not apply is left out. */
export interface FaultFigures {
  /** What was done to the host, in a few words. */
  readonly fault: string
  /** How often it was done. Default 1. */
  readonly times?: number
  /** Samples that were due by the agent's ledger while it was done, and until everything was mended. */
  readonly expected?: number
  /** Those of them that the agent said were missing, with a reason. */
  readonly missing?: number
  /** Different samples that came, counted by somebody other than the agent. */
  readonly received?: number
  /** Samples that came once more, the same in everything. */
  readonly repeats?: number
  /** Time without whole cycles beyond the time in which it was not to be had, or by which a cycle was longer. */
  readonly lostSeconds?: number
  /** The most libvirt calls past their deadline at a time. */
  readonly callsOut?: number
  /** What the agent held before. */
  readonly before?: Holdings
  /** What the agent held after everything was mended. */
  readonly after?: Holdings
}

/** The ledger of all cycles of these agents. */
export function ledgerOf(...agents: readonly Agent[]): Required<Pick<FaultFigures, 'expected' | 'missing'>> {
  const cycles = agents.flatMap((agent) => agent.cycles())
  const absent = cycles.flatMap(({ missing }) => Object.values(missing))
  return {
    expected: cycles.reduce((sum, { expected }) => sum + Number(expected), 0),
    missing: absent.reduce((sum, count) => sum + count, 0),
  }
}

/**
 * Adds a row for the test that runs to the JSON report of its tier, from which `make faults` writes
 * docs/reliability.md. Only a test that passes gives rows.
 * @param task the one of the test's context; only a concurrent test has to say which it is.
 */
export function recordFault(figures: FaultFigures, task = TestRunner.getCurrentTest()): void {
  if (task === undefined) throw new Error('figures of a fault belong to a test')
  task.meta.faults = [...(task.meta.faults ?? []), figures]
}
