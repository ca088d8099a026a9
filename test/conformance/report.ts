import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { allowedDifferences } from './allowed-differences.js'
import type { ComparedSample, Comparison, Difference } from './compare.js'

const file = fileURLToPath(new URL('../../.lab/reports/conformance.txt', import.meta.url))

/** All that one run of the comparison came to. */
export interface Findings {
  /** Against the original, one comparison for each hypervisor. */
  readonly comparisons: readonly Comparison[]
  /** Meters that the original's release lacks, against their formulas. */
  readonly newer: Comparison
  /** What each instance is, by UUID, in the order of the report. */
  readonly instances: ReadonlyMap<string, string>
}

export const compared = ({ comparisons }: Findings): readonly ComparedSample[] =>
  comparisons.flatMap((comparison) => comparison.compared)
export const equal = ({ comparisons }: Findings): readonly ComparedSample[] =>
  comparisons.flatMap((comparison) => comparison.equal)
export const faults = ({ comparisons, newer }: Findings): readonly Difference[] =>
  [...comparisons, newer].flatMap((comparison) => comparison.faults)

/** Of how many samples each entry allowed a difference, in the order of the table. */
export function allowances({
  comparisons,
}: Findings): readonly { id: string; what: string; samples: number }[] {
  return allowedDifferences.map(({ id, what }) => ({
    ...{ id, what },
    samples: comparisons.reduce((sum, { allowed }) => sum + (allowed.get(id) ?? 0), 0),
  }))
}

export function render(findings: Findings): string {
  const [all, same] = [compared(findings), equal(findings)]
  const still = all.filter(({ moving }) => !moving).length
  return [
    `Conformance with ceilometer 19, sample by sample`,
    '',
    `  ${all.length} samples of ${new Set(all.map(({ instance }) => instance)).size} instances compared: ` +
      `${same.length} equal (${percentage(same.length, all.length)})`,
    `  ${still} of them exactly, ${all.length - still} of running guests between two readings`,
    `  ${findings.newer.compared.length} samples of meters that this release lacks compared with their formulas: ` +
      `${findings.newer.equal.length} equal (${percentage(findings.newer.equal.length, findings.newer.compared.length)})`,
    '',
    'Allowed differences, and the samples that had them',
    '',
    ...allowances(findings).map(({ id, what, samples }) => `  ${pad(samples, 5)}  ${id}: ${what}`),
    '',
    ...matrix('Samples equal to the original, by instance and meter', same, findings.instances),
    ...matrix('Samples equal to their formulas', findings.newer.equal, findings.instances),
    ...faults(findings).map((fault) => `DIFFERENT ${JSON.stringify(fault)}`),
  ]
    .map((line) => `${line.trimEnd()}\n`)
    .join('')
}

const pad = (value: number | string, width: number): string => String(value).padStart(width)
const percentage = (part: number, all: number): string =>
  `${all === 0 ? 0 : Math.floor((1e4 * part) / all) / 100} %`

function matrix(
  title: string,
  samples: readonly ComparedSample[],
  instances: ReadonlyMap<string, string>,
): readonly string[] {
  const meters = [...new Set(samples.map(({ meter }) => meter))].sort()
  const cell = (uuid: string, meter: string) => {
    const count = samples.filter((sample) => sample.instance === uuid && sample.meter === meter).length
    return pad(count === 0 ? '.' : count, 3)
  }
  return [
    title,
    '',
    ...meters.map((meter, index) => `  ${pad(index + 1, 3)} ${meter}`),
    '',
    `  ${meters.map((_, index) => pad(index + 1, 3)).join('')}`,
    ...[...instances].map(
      ([uuid, what]) => `  ${meters.map((meter) => cell(uuid, meter)).join('')}  ${what}`,
    ),
    '',
  ]
}

export async function writeReport(text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, text)
}
