import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Estimate } from './figures.js'

/** What one part of the benchmark ran on; the first line of its file. */
export interface MachineLine {
  readonly line: 'machine'
  readonly part: string
  /** When it ended, ISO 8601. */
  readonly time: string
  /** Abbreviated hash; with `+` when the tree had changes. */
  readonly commit: string
  readonly cpu: string
  readonly cores: number
  readonly memoryGiB: number
  /** By program, such as node, libvirt, qemu, rabbitmq, ceilometer. */
  readonly versions: Readonly<Record<string, string>>
}

/** A figure of one subject, round by round. */
export interface MeasuredLine {
  readonly line: 'measured'
  /** For example `host-100` or `pipeline`. */
  readonly part: string
  /** Who was measured, doing what: `floor, usual meters`. */
  readonly subject: string
  /** With its unit at the end: `wall_seconds`, `cpu_ms_per_minute`. */
  readonly figure: string
  /** How many instances, for the growth with their number. */
  readonly instances: number
  readonly rounds: readonly number[]
}

/** A goal and what it came to. */
export interface GoalLine {
  readonly line: 'goal'
  readonly part: string
  /** One sentence's worth: `cycle with the usual meters / C floor, wall time`. */
  readonly goal: string
  readonly reached: Estimate
  readonly limit: { readonly atMost: number } | { readonly atLeast: number }
  /** Of `reached` and `limit`: `×`, `ms`, `calls`. */
  readonly unit: string
}

/** A goal that a part could not measure, and why: a rival that is not installed, a host too large for it. */
export interface UnmeasuredLine extends Omit<GoalLine, 'line' | 'reached'> {
  readonly line: 'unmeasured'
  readonly why: string
}

/** What could not be measured here, and why: a rival that is not installed. */
export interface SkippedLine {
  readonly line: 'skipped'
  readonly part: string
  readonly what: string
  readonly why: string
}

export type Line = MachineLine | MeasuredLine | GoalLine | UnmeasuredLine | SkippedLine

/** Whether the median keeps to the limit; the interval says how sure that is. */
export function isMet({ reached, limit }: GoalLine): boolean {
  return 'atMost' in limit ? reached.value <= limit.atMost : reached.value >= limit.atLeast
}

/** Writes a part's file, `<part>.jsonl`, in place of the last run's. */
export function writePart(folder: string, part: string, lines: readonly Line[]): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${part}.jsonl`), lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
}

/** All lines of all parts' last runs, parts in the order of their names. */
export function readParts(folder: string): readonly Line[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.jsonl'))
  const inOrder = files.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
  return inOrder.flatMap((name) =>
    readFileSync(join(folder, name), 'utf8').split('\n').filter(Boolean).map(lineOf),
  )
}

const lineOf = (text: string) => JSON.parse(text) as Line
