import type { Instant } from '../schedule/clock.js'
import type { NumberKind, Volume } from './volume.js'

/** gauge: a reading of now. cumulative: a counter since the instance started. delta: the change since the last look. */
export type MeterType = 'gauge' | 'cumulative' | 'delta'

/** What metadata may hold: what JSON can say. A bigint is written as a bare integer. */
export type MetadataValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly MetadataValue[]
  | { readonly [key: string]: MetadataValue }

export type Metadata = Readonly<Record<string, MetadataValue>>

/** One figure of one resource at one moment. Field names of the wire are given by `meter-message.ts`. */
export interface Sample {
  /** A UUID; becomes `message_id` and stays the same however often the sample is sent. */
  readonly id: string
  /** `openstack`, or `libvirt` for an instance that Nova does not manage. */
  readonly source: string
  readonly name: string
  readonly type: MeterType
  readonly unit: string
  readonly volume: Volume
  readonly numberKind: NumberKind
  readonly userId: string | null
  readonly userName: string | null
  readonly projectId: string | null
  readonly projectName: string | null
  readonly resourceId: string
  /** When the answer of the resource's domain arrived. */
  readonly takenAt: Instant
  /**
   * Metadata of the resource. The same object for every sample of the resource while nothing changes, so that its
   * written form can be kept by identity.
   */
  readonly metadata: Metadata
  /** Metadata of this meter alone (`disk_name`, `vnic_name`, …); wins over `metadata` where keys collide. */
  readonly extraMetadata: Metadata | undefined
}
