import type { Domain, StatsGroup } from '../inspector.js'
import type { DomainFigures } from './decode-stats.js'

/** virDomainStatsTypes of the groups that bulk statistics have. */
export const statsBits = {
  state: 1,
  cpu: 2,
  balloon: 4,
  vcpu: 8,
  interface: 16,
  block: 32,
  perf: 64,
} as const satisfies Partial<Record<StatsGroup, number>>

/** VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT: skip what needs the monitor of a domain whose job somebody holds. */
export const noWait = 1 << 29

/** What libvirt answers without asking a monitor. */
export const monitorFreeBits = statsBits.state | statsBits.interface | statsBits.perf

export interface GroupOptions {
  /** `bulk`: disk sizes as the bulk statistics define them. */
  readonly diskInfo: 'exact' | 'bulk'
}

/**
 * The mask for the groups of a cycle, never 0, which would mean every group libvirt knows. The time of `cpu` comes
 * from the vCPUs' figures; the group cpu itself is added for domains that need it.
 */
export function statsMask(groups: ReadonlySet<StatsGroup>, options: GroupOptions): number {
  let mask: number = statsBits.state
  for (const group of groups) {
    if (group === 'cpu') mask |= statsBits.vcpu
    else if (group !== 'diskInfo') mask |= statsBits[group]
    else if (options.diskInfo === 'bulk') mask |= statsBits.block
  }
  return mask
}

/** A figure that every running QEMU domain has, where its group was really read. */
const marks: readonly (readonly [
  group: keyof typeof statsBits,
  came: (figures: DomainFigures, domain: Domain) => boolean,
])[] = [
  ['vcpu', ({ vcpus }) => vcpus !== undefined],
  // current and maximum come from the definition, without asking the monitor
  ['balloon', ({ memory }) => memory.rssKiB !== undefined],
  [
    'block',
    ({ blocks }, { description }) =>
      !description.disks.some(({ hasSource }) => hasSource) ||
      [...blocks.values()].some(({ figures }) => figures.readRequests !== undefined),
  ],
]

/**
 * Groups of the mask that an answer lacks, though the domain runs. With QEMU that means that the monitor was passed
 * over, because somebody holds the domain's job; with other drivers that they do not give the group in bulk.
 */
export function missingGroups(mask: number, figures: DomainFigures, domain: Domain): ReadonlySet<StatsGroup> {
  const missing = marks.filter(([group, came]) => (mask & statsBits[group]) !== 0 && !came(figures, domain))
  return new Set(missing.map(([group]) => group))
}
