import type { BlockInfo } from '#node-libvirt'
import { exactInteger } from '../../sample/volume.js'
import type { Instant } from '../../schedule/clock.js'
import type {
  Absence,
  DiskStats,
  Domain,
  DomainLook,
  MemoryStats,
  PerfStats,
  StatsGroup,
  VnicDescription,
  VnicStats,
} from '../inspector.js'
import type { CpuTimes } from './cpu-time.js'
import type { Device, DomainFigures, VnicFigures } from './decode-stats.js'

/** All that a cycle learned about one domain. */
export interface Learned {
  readonly domain: Domain
  readonly takenAt: Instant
  readonly figures: DomainFigures
  readonly cpu: CpuTimes
  readonly unread: ReadonlyMap<StatsGroup, Absence>
}

/** Matches the figures of a domain with its XML. `sizes` by virDomainGetBlockInfo; undefined: those of the figures. */
export function lookOf(
  { domain, takenAt, figures, cpu, unread }: Learned,
  sizes: ReadonlyMap<string, BlockInfo> | undefined,
): DomainLook {
  const { description, id } = domain
  const blocks = byName(figures.blocks)
  const nets = byName(figures.nets)
  return {
    takenAt,
    epoch: id === undefined ? 'shut-off' : String(id),
    shutOff: id === undefined,
    unread,
    powerState: figures.state ?? domain.state,
    vcpus: figures.vcpus,
    cpuNs: cpu.cpuNs,
    cpuRunNs: cpu.cpuRunNs,
    memory: { ...noMemory, ...figures.memory },
    perf: { ...noPerf, ...figures.perf },
    disks: description.disks
      .filter(({ hasSource }) => hasSource)
      .map(({ device }) => ({
        ...noDisk,
        ...blocks.get(device),
        ...(sizes && sizesOf(sizes.get(device))),
        device,
      })),
    vnics: description.vnics.map((vnic) => vnicStats(vnic, nets.get(vnic.device ?? ''))),
  }
}

/**
 * The first entry of a name is the device; those after it are its backing chain. `block.N.backingIndex` does not tell
 * them apart, because libvirt gives one to the device itself, too.
 */
function byName<F>(devices: ReadonlyMap<number, Device<F>>): ReadonlyMap<string, F> {
  const named = new Map<string, F>()
  for (const [, { name, figures }] of [...devices].sort(([a], [b]) => a - b)) {
    if (name !== undefined && !named.has(name)) named.set(name, figures)
  }
  return named
}

type Sizes = Pick<DiskStats, 'capacityBytes' | 'allocationBytes' | 'physicalBytes'>

const sizesOf = (info: BlockInfo | undefined): Sizes => ({
  capacityBytes: info && exactInteger(info.capacity),
  allocationBytes: info && exactInteger(info.allocation),
  physicalBytes: info && exactInteger(info.physical),
})

function vnicStats(description: VnicDescription, figures: VnicFigures | undefined): VnicStats {
  return { ...noVnic, ...figures, description }
}

const noMemory: MemoryStats = {
  actualKiB: undefined,
  availableKiB: undefined,
  usableKiB: undefined,
  unusedKiB: undefined,
  rssKiB: undefined,
  swapInKiB: undefined,
  swapOutKiB: undefined,
  maximumKiB: undefined,
}

const noPerf: PerfStats = {
  cpuCycles: undefined,
  instructions: undefined,
  cacheReferences: undefined,
  cacheMisses: undefined,
  cmtBytes: undefined,
  mbmTotal: undefined,
  mbmLocal: undefined,
}

const noDisk: Omit<DiskStats, 'device'> = {
  readRequests: undefined,
  readBytes: undefined,
  writeRequests: undefined,
  writeBytes: undefined,
  readTimeNs: undefined,
  writeTimeNs: undefined,
  capacityBytes: undefined,
  allocationBytes: undefined,
  physicalBytes: undefined,
}

const noVnic: Omit<VnicStats, 'description'> = {
  rxBytes: undefined,
  rxPackets: undefined,
  rxErrors: undefined,
  rxDrops: undefined,
  txBytes: undefined,
  txPackets: undefined,
  txErrors: undefined,
  txDrops: undefined,
}
