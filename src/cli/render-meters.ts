import type { Pollster } from '../pollster/pollster.js'
import { renderTable } from './table.js'

export type MetersFormat = 'table' | 'json' | 'markdown'

type Meter = Pick<
  Pollster,
  'meter' | 'type' | 'unit' | 'number' | 'needs' | 'per' | 'computed' | 'description'
>

const heading = ['METER', 'TYPE', 'UNIT', 'PER', 'NEEDS', 'MEANING']

function cells(meter: Meter): string[] {
  const meaning = meter.computed === true ? `${meter.description} (computed)` : meter.description
  return [meter.meter, meter.type, meter.unit, meter.per, meter.needs.join(' '), meaning]
}

function json(meters: readonly Meter[]): string {
  const rows = meters.map((meter) => ({
    meter: meter.meter,
    type: meter.type,
    unit: meter.unit,
    number: meter.number,
    per: meter.per,
    needs: meter.needs,
    computed: meter.computed ?? false,
    description: meter.description,
  }))
  return `${JSON.stringify(rows, undefined, 2)}\n`
}

function markdown(meters: readonly Meter[]): string {
  const row = (texts: readonly string[]) =>
    `| ${texts.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |\n`
  const title = heading.map((text) => text.toLowerCase())
  return [
    title,
    title.map(() => '---'),
    ...meters.map((meter) => ['`' + meter.meter + '`', ...cells(meter).slice(1)]),
  ]
    .map(row)
    .join('')
}

const renderers: Readonly<Record<MetersFormat, (meters: readonly Meter[]) => string>> = {
  table: (meters) => renderTable(heading, meters.map(cells)),
  json,
  markdown,
}

/** Every meter: name, type, unit, what it is per, the statistics groups it needs, what it means; sorted by name. */
export function renderMeters(meters: readonly Meter[], format: MetersFormat): string {
  return renderers[format](meters.toSorted((one, other) => (one.meter < other.meter ? -1 : 1)))
}
