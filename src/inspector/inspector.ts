import type { InspectError } from '../errors.js'
import type { Instant } from '../schedule/clock.js'
import type { Volume } from '../sample/volume.js'

/**
 * The parts of a look that cost the hypervisor separate work. A cycle asks for the union of what its meters need.
 *
 * | group | figures |
 * |---|---|
 * | `state` | always there |
 * | `cpu` | `cpuNs`, `cpuRunNs` |
 * | `vcpu` | `vcpus` |
 * | `balloon` | `memory` |
 * | `interface` | `vnics` |
 * | `block` | requests, bytes and times of `disks` |
 * | `perf` | `perf` |
 * | `diskInfo` | sizes of `disks` |
 */
export type StatsGroup = 'state' | 'cpu' | 'vcpu' | 'balloon' | 'interface' | 'block' | 'perf' | 'diskInfo'

/** Why a figure that a meter asks for does not exist. Expected, so a value and not an exception. */
export type AbsenceReason =
  'not-found' | 'shut-off' | 'no-data' | 'unsupported' | 'stuck' | 'needs-two-looks' | 'migrating-in'

export interface Absence {
  readonly reason: AbsenceReason
  /** What exactly is missing and, where one can, what to do about it. Constant text per cause: no figures in it. */
  readonly detail: string
}

export type Inspected<T> = { readonly ok: true; readonly value: T } | ({ readonly ok: false } & Absence)

/** An element of a domain's `<metadata>`, with namespaces resolved. */
export interface XmlElement {
  /** Namespace URI, empty for none. */
  readonly namespace: string
  /** Local name, without a prefix. */
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly XmlElement[]
  /** Text directly inside the element, untrimmed. */
  readonly text: string
}

/** A `<disk>` of the domain XML. */
export interface DiskDescription {
  /** `target/@dev`, for example `vda`: the name that statistics calls use. */
  readonly device: string
  /** Whether it has a `<source>`; without one (an empty CD-ROM drive) there is nothing to measure. */
  readonly hasSource: boolean
}

/** An `<interface>` of the domain XML that has both `<target>` and `<mac>`. */
export interface VnicDescription {
  /** `target/@dev`, the tap device; undefined when the target has no name (a domain that is not running). */
  readonly device: string | undefined
  readonly mac: string
  /** `filterref/@filter`, else null. */
  readonly filter: string | null
  /** `filterref/parameter`, names in lower case, then `interfaceid` and `bridge`, null where absent. */
  readonly parameters: Readonly<Record<string, string | null>>
}

/** What the XML of a domain says; the same object as long as the XML does not change. */
export interface DomainDescription {
  /** Text of `os/type`, for example `hvm`. */
  readonly osType: string | undefined
  /** `os/type/@arch`. */
  readonly architecture: string | undefined
  readonly disks: readonly DiskDescription[]
  readonly vnics: readonly VnicDescription[]
  /** The children of `<metadata>`. */
  readonly metadata: readonly XmlElement[]
}

/** One domain as the listing of this cycle found it. */
export interface Domain {
  readonly uuid: string
  readonly name: string
  /** libvirt's id of this run of the domain, undefined when it is not active. A new start has a new id. */
  readonly id: number | undefined
  /** A virDomainState, 0 to 7. */
  readonly state: number
  /** The reason that belongs to the state (virDomainPausedReason, …). */
  readonly stateReason: number
  readonly description: DomainDescription
}

/** All domains of the host at one moment. */
export interface Survey {
  readonly takenAt: Instant
  readonly domains: readonly Domain[]
  /** Domains that are listed but whose XML cannot be had or read. */
  readonly unreadable: readonly {
    readonly uuid: string
    readonly name: string
    readonly error: InspectError
  }[]
  /** libvirt calls made for it. */
  readonly calls: number
}

/** Figures of one disk; undefined where the hypervisor gave none. */
export interface DiskStats {
  readonly device: string
  readonly readRequests: Volume | undefined
  readonly readBytes: Volume | undefined
  readonly writeRequests: Volume | undefined
  readonly writeBytes: Volume | undefined
  /** Total time spent reading since the domain started, ns. */
  readonly readTimeNs: Volume | undefined
  readonly writeTimeNs: Volume | undefined
  /** virDomainBlockInfo.capacity, bytes. */
  readonly capacityBytes: Volume | undefined
  /** virDomainBlockInfo.allocation, bytes. */
  readonly allocationBytes: Volume | undefined
  /** virDomainBlockInfo.physical, bytes. */
  readonly physicalBytes: Volume | undefined
}

/** Figures of one vNIC; undefined where the hypervisor gave none. A figure of -1 ("unknown") counts as none. */
export interface VnicStats {
  readonly description: VnicDescription
  readonly rxBytes: Volume | undefined
  readonly rxPackets: Volume | undefined
  readonly rxErrors: Volume | undefined
  readonly rxDrops: Volume | undefined
  readonly txBytes: Volume | undefined
  readonly txPackets: Volume | undefined
  readonly txErrors: Volume | undefined
  readonly txDrops: Volume | undefined
}

/** The balloon's figures, KiB. Without a driver in the guest there are only `actualKiB` and `rssKiB`. */
export interface MemoryStats {
  readonly actualKiB: number | undefined
  readonly availableKiB: number | undefined
  readonly usableKiB: number | undefined
  readonly unusedKiB: number | undefined
  readonly rssKiB: number | undefined
  readonly swapInKiB: number | undefined
  readonly swapOutKiB: number | undefined
  /** virDomainInfo.maxMem or balloon.maximum. */
  readonly maximumKiB: number | undefined
}

export interface PerfStats {
  readonly cpuCycles: Volume | undefined
  readonly instructions: Volume | undefined
  readonly cacheReferences: Volume | undefined
  readonly cacheMisses: Volume | undefined
  /** `perf.cmt`, bytes of level-3 cache in use. */
  readonly cmtBytes: Volume | undefined
  /** `perf.mbmt`, bytes a second. */
  readonly mbmTotal: Volume | undefined
  /** `perf.mbml`, bytes a second. */
  readonly mbmLocal: Volume | undefined
}

/** Everything one cycle learned about one domain. */
export interface DomainLook {
  /** When this domain's answer arrived: the time of its samples. */
  readonly takenAt: Instant
  /**
   * Names one run of the domain: counters of two looks may be compared only when it is the same in both, because a
   * new start, even with larger figures, begins its counters at zero.
   */
  readonly epoch: string
  /** True for a domain that is not running but is reported all the same (`report_stopped_instances`). */
  readonly shutOff: boolean
  /** Groups that were asked for and could not be read, and why. */
  readonly unread: ReadonlyMap<StatsGroup, Absence>
  /** A virDomainState, 0 to 7. */
  readonly powerState: number
  /** vCPUs now in use (`vcpu.current`). */
  readonly vcpus: number | undefined
  /**
   * Cumulative ns by this domain's one definition: Σ (time + wait) of its vCPUs, or cpu.time, chosen at its first
   * complete look and kept. Undefined when that definition cannot be met now.
   */
  readonly cpuNs: Volume | undefined
  /** Cumulative ns that the vCPUs ran: Σ vcpu time without wait where complete, else cpu.time. For cpu_util. */
  readonly cpuRunNs: Volume | undefined
  readonly memory: MemoryStats
  readonly perf: PerfStats
  /** One per disk of the XML that has a source, in the order of the XML. */
  readonly disks: readonly DiskStats[]
  /** One per vNIC of the XML that has target and MAC, in the order of the XML. */
  readonly vnics: readonly VnicStats[]
}

/** One look at the domains of a survey. */
export interface Inspection {
  look(uuid: string): Inspected<DomainLook>
  /** libvirt calls made for it. */
  readonly calls: number
}

export interface InspectionRequest {
  /** The domains to look at; what a survey gave. */
  readonly domains: readonly Domain[]
  readonly groups: ReadonlySet<StatsGroup>
  /** Whether domains that are not running get a look (state, vcpus, memory, disk info) or an absence. */
  readonly reportStopped: boolean
}

/**
 * Reads a hypervisor. Both methods reject with a ConnectionError when nothing can be read, with the signal's reason
 * when it aborts, and never otherwise. They are not called while a call of either is under way.
 */
export interface Inspector {
  survey(signal: AbortSignal): Promise<Survey>
  inspect(request: InspectionRequest, signal: AbortSignal): Promise<Inspection>
  /** Gives the connection up politely; calls that hang are left where they are. */
  close(): Promise<void>
}
