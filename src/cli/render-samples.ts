import type { Sample } from '../sample/sample.js'
import { renderTable } from './table.js'

/** A sample, with the name of the instance it belongs to. */
export interface NamedSample {
  readonly instanceName: string
  readonly sample: Sample
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
