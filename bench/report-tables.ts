import { median, quantile, type Estimate } from './figures.js'
import {
  isMet,
  type GoalLine,
  type Line,
  type MachineLine,
  type MeasuredLine,
  type SkippedLine,
} from './lines.js'

/** All results as Markdown. */
export function reportOf(lines: readonly Line[]): string {
  const of = <K extends Line['line']>(kind: K) =>
    lines.filter((line): line is Line & { line: K } => line.line === kind)
  return [
    machines(of('machine')),
    '### Goals',
    goals(of('goal')),
    skipped(of('skipped')),
    '### Figures',
    'Median, and the middle half of the rounds.',
    figures(of('measured')),
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

function goals(lines: readonly GoalLine[]): string {
  const rows = lines.map((line) => {
    const { part, goal, reached, limit, unit } = line
    const bound = 'atMost' in limit ? `≤ ${limit.atMost}` : `≥ ${limit.atLeast}`
    return [
      isMet(line) ? 'met' : '**missed**',
      part,
      goal,
      `${bound} ${unit}`,
      `${estimate(reached)} ${unit}`,
    ]
  })
  return table(['goal', 'part', 'of what', 'limit', 'reached (95 % interval)'], rows)
}

function skipped(lines: readonly SkippedLine[]): string {
  return lines.map(({ part, what, why }) => `Left out of ${part}: ${what}; ${why}.`).join('\n')
}

function figures(lines: readonly MeasuredLine[]): string {
  const rows = lines.map(({ part, subject, figure, rounds }) => {
    const { text, unit } = inUnit(figure, median(rounds))
    const [low, high] = [0.25, 0.75].map((share) => inUnit(figure, quantile(rounds, share)).text)
    const spread = rounds.length > 1 ? `${String(low)} to ${String(high)}` : ''
    return [part, subject, figure.replace(/_[^_]+$/, '').replaceAll('_', ' '), `${text} ${unit}`, spread]
  })
  return table(['part', 'subject', 'figure', 'median', 'middle half'], rows)
}

/** The last word of a figure's name is its unit. */
function inUnit(figure: string, value: number): { readonly text: string; readonly unit: string } {
  const unit = figure.slice(figure.lastIndexOf('_') + 1)
  if (unit === 'bytes') return { text: digits(value / 2 ** 20), unit: 'MiB' }
  if (unit === 'seconds') return { text: digits(value * 1000), unit: 'ms' }
  return { text: digits(value), unit }
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
