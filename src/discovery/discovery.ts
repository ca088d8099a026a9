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

/** Nova's flavor as the domain's metadata has it. */
export interface Flavor {
  /** Flavor id where the metadata has one (Nova 2025.2 and later), else the flavor's name. */
  readonly id: string
  readonly name: string
  readonly vcpus: number
  readonly ramMiB: number
  /** What Nova writes into `<disk>`: the root disk. */
  readonly diskGiB: number
  readonly ephemeralGiB: number
  readonly swapMiB: number
  readonly extraSpecs: Readonly<Record<string, string>> | undefined
}

/** A virtual machine of this host. */
export interface Instance extends Resource {
  /** Nova's display name; the domain's name for an unmanaged instance. */
  readonly name: string
  /** libvirt's name, for example `instance-0000002a`. */
  readonly domainName: string
  /** Null for an instance that Nova does not manage. */
  readonly flavor: Flavor | null
  readonly domain: Domain
}

/** A resource that exists and is not polled, and why. */
export interface Skipped {
  readonly id: string
  readonly name: string
  readonly reason: AbsenceReason | 'unmanaged' | 'unreadable'
  readonly detail: string
}

export interface Discovered {
  readonly resources: readonly Resource[]
  readonly skipped: readonly Skipped[]
}

export interface DiscoveryContext {
  /** The host's domains, read once a cycle whoever asks. Rejects with a ConnectionError. */
  survey(): Promise<Survey>
  readonly signal: AbortSignal
}

export interface Discovery {
  /** The name used in polling.yaml, for example `local_instances`. */
  readonly name: string
  discover(context: DiscoveryContext): Promise<Discovered>
}
