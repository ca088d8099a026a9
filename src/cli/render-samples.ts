import type { Sample } from '../sample/sample.js'
import { printable, renderTable } from './table.js'

/** A sample, with the name of the instance it belongs to. */
export interface NamedSample {
  readonly instanceName: string
  readonly sample: Sample
}

/** A figure that was asked for and does not exist. */
export interface MissingFigure {
  readonly instanceName: string
  readonly meter: string
  readonly reason: string
  readonly detail: string
}

function volumeText(sample: Sample): string {
  const { volume, numberKind } = sample
  const figure = numberKind === 'float' && typeof volume === 'number' ? rounded(volume) : String(volume)
  return sample.unit === '' ? figure : `${figure} ${sample.unit}`
}

/** At most three decimals, for reading; the exact figure is in the other formats. */
function rounded(volume: number): string {
  return String(Math.round(volume * 1000) / 1000)
}

/** The readable table: instance, meter, volume with unit, type, resource. */
export function renderSamples(samples: readonly NamedSample[]): string {
  const rows = samples.map(({ instanceName, sample }) => [
    instanceName,
    sample.name,
    volumeText(sample),
    sample.type,
    sample.resourceId,
  ])
  return renderTable(['INSTANCE', 'METER', 'VOLUME', 'TYPE', 'RESOURCE'], rows, [2])
}

/** One line for each meter and cause, with the instances it concerns: what is missing, why, what to do. */
export function renderMissing(missing: readonly MissingFigure[]): string {
  const groups = new Map<string, { readonly first: MissingFigure; readonly names: Set<string> }>()
  for (const figure of missing) {
    const key = `${figure.meter}\n${figure.reason}\n${figure.detail}`
    const group = groups.get(key) ?? { first: figure, names: new Set<string>() }
    group.names.add(figure.instanceName)
    groups.set(key, group)
  }
  return [...groups.values()]
    .map(({ first, names }) => `  ${first.meter}: ${first.reason}, ${first.detail} (${some([...names])})\n`)
    .join('')
}

const namesShown = 3

function some(names: readonly string[]): string {
  const shown = names.slice(0, namesShown).map(printable).join(', ')
  return names.length > namesShown ? `${shown} and ${names.length - namesShown} more` : shown
}
