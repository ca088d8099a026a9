import { add, type Volume } from '../../sample/volume.js'
import type { DomainFigures, VcpuFigures } from './decode-stats.js'

/** Where the figure of a domain comes from: the sum over its vCPUs, or the time libvirt gives for the whole domain. */
type Basis = 'vcpus' | 'domain'

/** One run of a domain; counters begin anew with the next one. */
interface DomainRun {
  readonly uuid: string
  readonly id: number | undefined
}

interface Definition {
  readonly id: number | undefined
  total: Basis | undefined
  run: Basis | undefined
}

export interface CpuTimes {
  readonly cpuNs: Volume | undefined
  readonly cpuRunNs: Volume | undefined
}

/**
 * Σ (time + wait) of the vCPUs as ceilometer counts them: numbers below vcpu.maximum that have both figures, and as
 * many of them as vcpu.current says. Undefined when that is not so.
 */
export function vcpuTotalNs(figures: DomainFigures): Volume | undefined {
  return sumOfVcpus(figures, ({ timeNs, waitNs }) =>
    timeNs === undefined || waitNs === undefined ? undefined : add(timeNs, waitNs),
  )
}

/** Σ time of the vCPUs, on the same terms. */
export function vcpuRunNs(figures: DomainFigures): Volume | undefined {
  return sumOfVcpus(figures, ({ timeNs }) => timeNs)
}

function sumOfVcpus(
  { vcpus, vcpusMaximum = 0, vcpuFigures }: DomainFigures,
  of: (vcpu: VcpuFigures) => Volume | undefined,
): Volume | undefined {
  let sum: Volume = 0
  let counted = 0
  for (const [number, vcpu] of vcpuFigures) {
    const part = number < vcpusMaximum ? of(vcpu) : undefined
    if (part === undefined) continue
    sum = add(sum, part)
    counted += 1
  }
  return counted > 0 && counted === (vcpus ?? counted) ? sum : undefined
}

/**
 * Keeps one definition of CPU time for each run of a domain, so that its counter never changes its basis. It is
 * chosen at the first look that allows one: the vCPUs' sum where they are complete, else the domain's time.
 */
export class CpuDefinitions {
  readonly #definitions = new Map<string, Definition>()

  /** Whether these figures lack the domain's own CPU time, given what the definition says or would say. */
  needsDomainTime({ uuid, id }: DomainRun, figures?: DomainFigures): boolean {
    const known = this.#definitions.get(uuid)
    if (known?.total !== undefined && known.id === id)
      return known.total === 'domain' || known.run === 'domain'
    return figures !== undefined && figures.cpuTimeNs === undefined && vcpuTotalNs(figures) === undefined
  }

  /** `complete`: whether the look was a full one, so that a definition may be chosen by it. */
  measure({ uuid, id }: DomainRun, figures: DomainFigures, complete: boolean): CpuTimes {
    let definition = this.#definitions.get(uuid)
    if (definition?.id !== id || definition === undefined) {
      this.#definitions.set(uuid, (definition = { id, total: undefined, run: undefined }))
    }
    const total = vcpuTotalNs(figures)
    const run = vcpuRunNs(figures)
    if (complete) {
      definition.total ??= basis(total, figures)
      definition.run ??= basis(run, figures)
    }
    return {
      cpuNs: definition.total && { vcpus: total, domain: figures.cpuTimeNs }[definition.total],
      cpuRunNs: definition.run && { vcpus: run, domain: figures.cpuTimeNs }[definition.run],
    }
  }

  /** Forgets domains that are gone. */
  keepOnly(uuids: ReadonlySet<string>): void {
    for (const uuid of this.#definitions.keys()) if (!uuids.has(uuid)) this.#definitions.delete(uuid)
  }
}

function basis(vcpus: Volume | undefined, { cpuTimeNs }: DomainFigures): Basis | undefined {
  if (vcpus !== undefined) return 'vcpus'
  return cpuTimeNs === undefined ? undefined : 'domain'
}
