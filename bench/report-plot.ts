import { quantile } from './figures.js'

export interface Series {
  readonly name: string
  /** `[x, values]`: of several values the middle one is drawn, and a bar over the middle half. */
  readonly points: readonly (readonly [number, readonly number[]])[]
}

export interface Plot {
  readonly title: string
  readonly xLabel: string
  readonly yLabel: string
  /** Both axes. A linear one begins at 0. */
  readonly scale: 'linear' | 'logarithmic'
  readonly series: readonly Series[]
}

interface Axis {
  readonly ticks: readonly number[]
  /** Place on the axis, 0 to 1. */
  readonly at: (value: number) => number
}

const size = { width: 760, height: 420 }
const frame = { left: 70, right: 250, top: 44, bottom: 50 }
const inner = { width: size.width - frame.left - frame.right, height: size.height - frame.top - frame.bottom }
/** Told apart also by those who do not tell red from green (Okabe and Ito). */
const colours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000', '#999999']

/** A plot of lines as SVG. */
export function drawPlot({ title, xLabel, yLabel, scale, series }: Plot): string {
  const all = series.flatMap(({ points }) => points)
  const axisOf = scale === 'linear' ? linearAxis : logarithmicAxis
  const x = axisOf(all.map(([value]) => value))
  const y = axisOf(all.flatMap(([, values]) => values))
  const place = {
    x: (value: number) => frame.left + x.at(value) * inner.width,
    y: (value: number) => yOf(y.at(value)),
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${size.width}" height="${size.height}" fill="white"/>`,
    text(size.width / 2, 22, title, 'text-anchor="middle" font-size="15"'),
    ...x.ticks.map((value) => xTick(place.x(value), value)),
    ...y.ticks.map((value) => yTick(place.y(value), value)),
    text(frame.left + inner.width / 2, size.height - 10, xLabel, 'text-anchor="middle"'),
    text(0, 0, yLabel, `text-anchor="middle" transform="translate(16 ${yOf(0.5)}) rotate(-90)"`),
    ...series.map((one, index) => drawSeries(one, index, place)),
    '</svg>\n',
  ].join('\n')
}

type Place = Readonly<Record<'x' | 'y', (value: number) => number>>

function drawSeries({ name, points }: Series, index: number, place: Place): string {
  const colour = colours[index % colours.length] ?? 'black'
  const drawn = points.map(([x, values]) => ({
    x: round(place.x(x)),
    ...{ y: round(place.y(quantile(values, 0.5))), low: round(place.y(quantile(values, 0.25))) },
    high: round(place.y(quantile(values, 0.75))),
  }))
  const legendY = frame.top + 10 + index * 20
  const legendX = size.width - frame.right + 16
  return [
    `<g stroke="${colour}" fill="${colour}">`,
    `<polyline fill="none" stroke-width="2" points="${drawn.map(({ x, y }) => `${x},${y}`).join(' ')}"/>`,
    ...drawn.map(
      ({ x, y, low, high }) => `<path d="M${x} ${low}V${high}"/><circle cx="${x}" cy="${y}" r="3"/>`,
    ),
    `<path stroke-width="2" d="M${legendX} ${legendY}h20"/>`,
    '</g>',
    text(legendX + 26, legendY + 4, name),
  ].join('')
}

function xTick(x: number, value: number): string {
  const bottom = yOf(0)
  return `<path stroke="#ccc" d="M${round(x)} ${frame.top}V${bottom}"/>${text(x, bottom + 18, label(value), 'text-anchor="middle"')}`
}

function yTick(y: number, value: number): string {
  const line = `<path stroke="#ccc" d="M${frame.left} ${round(y)}h${inner.width}"/>`
  return `${line}${text(frame.left - 8, y + 4, label(value), 'text-anchor="end"')}`
}

const yOf = (share: number) => frame.top + (1 - share) * inner.height
const round = (place: number) => Math.round(place * 10) / 10
const label = (value: number) => value.toLocaleString('en', { maximumSignificantDigits: 3 })
const escaped = (words: string) => words.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
const text = (x: number, y: number, words: string, attributes = '') =>
  `<text x="${round(x)}" y="${round(y)}" ${attributes}>${escaped(words)}</text>`

/** From 0 to the next round number, with four to eight ticks. */
function linearAxis(values: readonly number[]): Axis {
  const most = Math.max(...values)
  const magnitude = 10 ** Math.floor(Math.log10(most))
  const step = ([0.2, 0.25, 0.5, 1, 2].find((share) => most / (share * magnitude) <= 8) ?? 2) * magnitude
  const count = Math.ceil(most / step)
  const end = count * step
  return { ticks: Array.from({ length: count + 1 }, (_, index) => index * step), at: (value) => value / end }
}

/** Whole powers of ten around all values. */
function logarithmicAxis(values: readonly number[]): Axis {
  const first = Math.floor(Math.log10(Math.min(...values)))
  const last = Math.max(first + 1, Math.ceil(Math.log10(Math.max(...values))))
  const ticks = Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index))
  return { ticks, at: (value) => (Math.log10(value) - first) / (last - first) }
}
