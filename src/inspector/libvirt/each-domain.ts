import { exactInteger } from '../../sample/volume.js'
import type { Clock } from '../../schedule/clock.js'
import type { Absence, Domain, StatsGroup } from '../inspector.js'
import type { Caller } from './caller.js'
import type { CpuDefinitions } from './cpu-time.js'
import { emptyFigures } from './decode-stats.js'
import { DomainCalls } from './domain-calls.js'
import { eachOf } from './each-of.js'
import { CallError } from './errors.js'
import type { Failures } from './failures.js'
import type { Learned } from './look.js'
import type { Read } from './running.js'
import type { StuckDomains } from './stuck-domains.js'

export interface EachDomainDeps {
  readonly clock: Clock
  readonly stuckDomains: StuckDomains
  readonly failures: Failures
  readonly cpu: CpuDefinitions
}

/** The second way to statistics: calls for each running domain, for drivers that give next to nothing in bulk. */
export async function readEach(
  caller: Caller,
  deps: EachDomainDeps,
  request: { readonly domains: readonly Domain[]; readonly groups: ReadonlySet<StatsGroup> },
): Promise<(domain: Domain) => Read> {
  return collect(request.domains, async (domain) => {
    const figures = emptyFigures()
    const calls = new DomainCalls(caller, deps.stuckDomains, { domain, figures })
    await calls.fill(request.groups)
    deps.failures.concluded(domain, calls.outcomes)
    const cpu = deps.cpu.measure(domain, figures, true)
    return { domain, takenAt: deps.clock.now(), figures, cpu, unread: calls.unread }
  })
}

const nothingUnread: ReadonlyMap<StatsGroup, Absence> = new Map()

/** What is known of domains that do not run: their state, vCPUs and largest memory. */
export async function readStopped(
  caller: Caller,
  clock: Clock,
  domains: readonly Domain[],
): Promise<(domain: Domain) => Read> {
  return collect(domains, async (domain) => {
    const info = await caller.plain('domainInfo', (connection) => connection.domainInfo(domain.uuid))
    const figures = emptyFigures()
    figures.state = info.state
    figures.vcpus = info.vcpus
    figures.memory.maximumKiB = Number(exactInteger(info.maxMemoryKiB))
    const cpu = { cpuNs: undefined, cpuRunNs: undefined }
    return { domain, takenAt: clock.now(), figures, cpu, unread: nothingUnread }
  })
}

/** Reads domain by domain; one that fails costs only itself. */
async function collect(
  domains: readonly Domain[],
  read: (domain: Domain) => Promise<Learned>,
): Promise<(domain: Domain) => Read> {
  const found = new Map<string, Read>()
  await eachOf(domains, async (domain) => {
    try {
      found.set(domain.uuid, await read(domain))
    } catch (error) {
      if (!(error instanceof CallError)) throw error
      found.set(domain.uuid, error)
    }
  })
  return ({ uuid }) => found.get(uuid)
}
