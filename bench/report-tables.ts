import { median, quantile, type Estimate } from './figures.js'
import { memoryGrowth } from './report-growth.js'
import {
  isMet,
  type GoalLine,
  type Line,
  type MachineLine,
  type MeasuredLine,
  type SkippedLine,
  type UnmeasuredLine,
} from './lines.js'

/** All results as Markdown. */
export function reportOf(lines: readonly Line[]): string {
  const of = <K extends Line['line']>(kind: K) =>
    lines.filter((line): line is Line & { line: K } => line.line === kind)
  return [
    machines(of('machine')),
    '### Goals',
    goals(lines.filter((line) => line.line === 'goal' || line.line === 'unmeasured')),
    skipped(of('skipped')),
    '### Figures',
    'Median, and the middle half of the rounds.',
    figures(of('measured')),
    growing(of('measured')),
  ]
    .filter((paragraph) => paragraph !== '')
    .join('\n\n')
}

function machines(lines: readonly MachineLine[]): string {
  const rows = lines.map(({ part, time, commit, cpu, cores, memoryGiB, versions }) => {
    const programs = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
    return [
      part,
      time.slice(0, 16).replace('T', ' '),
      commit,
      `${cores} × ${cpu}, ${memoryGiB} GiB`,
      programs.join(', '),
    ]
  })
  return table(['part', 'when (UTC)', 'commit', 'machine', 'versions'], rows)
}

function goals(lines: readonly (GoalLine | UnmeasuredLine)[]): string {
  const rows = lines.map((line) => {
    const { part, goal, limit, unit } = line
    const bound = 'atMost' in limit ? `≤ ${limit.atMost}` : `≥ ${limit.atLeast}`
    const [result, reached] =
      line.line === 'unmeasured'
        ? ['not measured', line.why]
        : [isMet(line) ? 'met' : '**missed**', `${estimate(line.reached)} ${unit}`]
    return [result, part, goal, `${bound} ${unit}`, reached]
  })
  return table(['goal', 'part', 'of what', 'limit', 'reached (95 % interval)'], rows)
}

function skipped(lines: readonly SkippedLine[]): string {
  return lines.map(({ part, what, why }) => `Left out of ${part}: ${what}; ${why}.`).join('\n')
}

function figures(lines: readonly MeasuredLine[]): string {
  const rows = lines.map(({ part, subject, instances, figure, rounds }) => {
    const { text, unit } = inUnit(figure, median(rounds))
    const [low, high] = [0.25, 0.75].map((share) => inUnit(figure, quantile(rounds, share)).text)
    const spread = rounds.length > 1 ? `${String(low)} to ${String(high)}` : ''
    const name = figure.replace(unitAtEnd, '').replaceAll('_', ' ')
    return [part, subject, instances.toLocaleString('en'), name, `${text} ${unit}`, spread]
  })
  return table(['part', 'subject', 'instances', 'figure', 'median', 'middle half'], rows)
}

function growing(lines: readonly MeasuredLine[]): string {
  const rows = memoryGrowth(lines).map(({ subject, parts, bytesPerDomain }) => [
    ...[subject, parts.join(', '), `${digits(bytesPerDomain / 1024)} KiB`],
  ])
  const title = '### Memory of one more domain\n\nSlope of the median resident memory.\n\n'
  return rows.length === 0 ? '' : title + table(['subject', 'from', 'a domain'], rows)
}

/** At the end of a figure's name: `seconds` of `wall_seconds`, `ms_per_minute` of `cpu_ms_per_minute`. */
const unitAtEnd = /_([^_]+_per_.+|[^_]+)$/

function inUnit(figure: string, value: number): { readonly text: string; readonly unit: string } {
  const unit = unitAtEnd.exec(figure)?.[1] ?? ''
  if (unit === 'bytes') return { text: digits(value / 2 ** 20), unit: 'MiB' }
  if (unit === 'seconds') return { text: digits(value * 1000), unit: 'ms' }
  return { text: digits(value), unit: unit.replaceAll('_', ' ') }
}

const digits = (value: number) => value.toLocaleString('en', { maximumSignificantDigits: 4 })

function estimate({ value, low, high }: Estimate): string {
  return low === high ? digits(value) : `${digits(value)} (${digits(low)} to ${digits(high)})`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return ''
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
