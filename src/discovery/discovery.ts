import type { AbsenceReason, Domain, Survey } from '../inspector/inspector.js'
import type { Metadata } from '../sample/sample.js'

/** Anything a pollster can be asked about, with what all its samples share. */
export interface Resource {
  /** What ends up as `resource_id` unless the pollster names a part of the resource. */
  readonly id: string
  readonly source: string
  readonly userId: string | null
  readonly userName: string | null
  readonly projectId: string | null
  readonly projectName: string | null
  /** `resource_metadata` of its samples; the same object as long as nothing changes. */
  readonly metadata: Metadata
}

/**
 * Nova's flavor as the domain's metadata has it. A figure that Nova left out is 0; one that cannot be read as a
 * whole number is null.
 */
export interface Flavor {
  /** Flavor id where the metadata has one (Nova 2025.2 and later), else the flavor's name. */
  readonly id: string
  readonly name: string
  readonly vcpus: number | null
  readonly ramMiB: number | null
  /** What Nova writes into `<disk>`: the root disk. */
  readonly diskGiB: number | null
  readonly ephemeralGiB: number | null
  readonly swapMiB: number | null
  /** Undefined where Nova wrote none (before 2025.2); the value of an empty element is null. */
  readonly extraSpecs: Readonly<Record<string, string | null>> | undefined
}

/** A virtual machine of this host. */
export interface Instance extends Resource {
  /** Nova's display name; the domain's name for an unmanaged instance. */
  readonly name: string
  /** libvirt's name, for example `instance-0000002a`. */
  readonly domainName: string
  /** Null for an instance that Nova does not manage, or whose flavor cannot be read. */
  readonly flavor: Flavor | null
  readonly domain: Domain
}

/** A resource that exists and is not polled, and why. */
export interface Skipped {
  readonly id: string
  readonly name: string
  readonly reason: AbsenceReason | 'unmanaged' | 'unreadable' | 'migrated-out'
  readonly detail: string
}

/** A part of what is known of a resource that cannot be used; the resource is polled without it. */
export interface Fault {
  /** Id and name of the resource. */
  readonly id: string
  readonly name: string
  /** What is wrong, where, and what the samples lack for it. Constant text as long as the fault lasts. */
  readonly detail: string
}

export interface Discovered {
  readonly resources: readonly Resource[]
  readonly skipped: readonly Skipped[]
  /** Absent: none. */
  readonly faults?: readonly Fault[]
}

export interface DiscoveryContext {
  /** The host's domains, read once a cycle whoever asks. Rejects with a ConnectionError. */
  survey(): Promise<Survey>
  /**
   * For work on many resources, so that whatever else the process does never waits for the end of it: when the slice
   * of time is over, `give` lets the event loop have its turn. It rejects with the signal's reason.
   */
  readonly turns: { areDue(): boolean; give(): Promise<void> }
  readonly signal: AbortSignal
}

export interface Discovery {
  /** The name used in polling.yaml, for example `local_instances`. */
  readonly name: string
  discover(context: DiscoveryContext): Promise<Discovered>
}
