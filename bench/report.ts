import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { readParts, type Line, type MeasuredLine } from './lines.js'
import { drawPlot, type Plot, type Series } from './report-plot.js'
import { reportOf } from './report-tables.js'

// Prints the last results of every part as tables; with `docs` it writes them and the plots into docs/.

const results = '.lab/reports/bench'
const docs = (name: string) => fileURLToPath(new URL(`../docs/${name}`, import.meta.url))
const mark = { begin: '<!-- results -->', end: '<!-- end of results -->' }

interface PlotOf extends Omit<Plot, 'series'> {
  readonly file: string
  readonly parts: RegExp
  readonly figure: string
  readonly subjects: RegExp
}

const plots: readonly PlotOf[] = [
  {
    file: 'performance-cycle.svg',
    ...{ title: 'One cycle', xLabel: 'instances', yLabel: 'seconds', scale: 'linear' },
    ...{
      parts: /^host-/,
      figure: 'wall_seconds',
      subjects: /^(floor|virtpoll|ceilometer), \w+ meters(, sending)?$/,
    },
  },
  {
    file: 'performance-pipeline.svg',
    ...{ title: 'CPU of the pipeline', xLabel: 'instances', yLabel: 'CPU seconds', scale: 'logarithmic' },
    ...{ parts: /^pipeline$/, figure: 'cpu_seconds', subjects: /./ },
  },
]

function seriesOf(lines: readonly Line[], { parts, figure, subjects }: PlotOf): readonly Series[] {
  const suits = (line: Line): line is MeasuredLine =>
    line.line === 'measured' && parts.test(line.part) && line.figure === figure && subjects.test(line.subject)
  const found = lines.filter(suits)
  return [...new Set(found.map(({ subject }) => subject))].map((name) => ({
    name,
    points: found
      .filter(({ subject }) => subject === name)
      .map(({ instances, rounds }) => [instances, rounds] as const)
      .sort(([a], [b]) => a - b),
  }))
}

function writeDocs(lines: readonly Line[]): void {
  const drawn = plots
    .map((plot) => ({ ...plot, series: seriesOf(lines, plot) }))
    .filter(({ series }) => series.length > 0)
  for (const plot of drawn) writeFileSync(docs(plot.file), drawPlot(plot))
  const pictures = drawn.map(({ title, xLabel, file }) => `![${title}: growth with ${xLabel}](${file})`)
  const page = readFileSync(docs('performance.md'), 'utf8')
  const [before = '', after = ''] = [page.split(mark.begin)[0], page.split(mark.end)[1]]
  const paragraphs = [before + mark.begin, reportOf(lines), ...pictures, mark.end + after]
  writeFileSync(docs('performance.md'), paragraphs.join('\n\n'))
}

const lines = readParts(results)
process.stdout.write(`${reportOf(lines)}\n`)
if (process.argv[2] === 'docs') writeDocs(lines)
