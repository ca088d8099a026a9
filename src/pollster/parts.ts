import type {
  DiskDescription,
  DomainLook,
  DiskStats,
  VnicDescription,
  VnicStats,
} from '../inspector/inspector.js'
import type { Instance } from '../discovery/discovery.js'
import type { Metadata } from '../sample/sample.js'
import type { Pollster } from './pollster.js'

/** One thing that a meter makes one sample of: the instance itself, a disk or a vNIC. */
export interface Part<S> {
  readonly resourceId: string
  /** Names the part among those of its instance in the memory of delta and rate meters. */
  readonly key: string
  /**
   * Told apart in the memory besides the domain's run: a part that was taken out and put in again counts from zero
   * in the same run. Empty when the hypervisor gives nothing to tell it by.
   */
  readonly generation: string
  readonly metadata?: Metadata
  /** Its figures in a look; undefined when the part has gone since the domain was listed. */
  find(look: DomainLook): S | undefined
}

/** What a meter is per. The parts come from the domain's XML, so they are known before anything is read. */
export interface PartKind<S> {
  readonly per: Pollster['per']
  parts(instance: Instance): readonly Part<S>[]
}

export const theInstance: PartKind<DomainLook> = {
  per: 'instance',
  parts: (instance) => [{ resourceId: instance.id, key: '', generation: '', find: (look) => look }],
}

const disk = (instance: Instance, { device }: DiskDescription): Part<DiskStats> => ({
  resourceId: `${instance.id}-${device}`,
  key: device,
  generation: '',
  metadata: { disk_name: device },
  find: (look) => look.disks.find((stats) => stats.device === device),
})

export const eachDisk: PartKind<DiskStats> = {
  per: 'disk',
  parts: (instance) =>
    instance.domain.description.disks
      .filter((description) => description.hasSource)
      .map((description) => disk(instance, description)),
}

const sameVnic = (one: VnicDescription, other: VnicDescription): boolean =>
  one === other || (one.mac === other.mac && one.device === other.device)

/** `name` overwrites the instance's, as in the samples that consumers know. */
const vnicMetadata = ({ device, mac, filter, parameters }: VnicDescription): Metadata => ({
  name: device ?? null,
  mac,
  fref: filter,
  parameters,
  vnic_name: filter ?? device ?? null,
})

/**
 * The resource id is the filter's name where there is one, though vNICs of several instances may share a filter:
 * consumers know them by it. The key in the memory never is.
 */
function vnic(instance: Instance, description: VnicDescription): Part<VnicStats> {
  const { device = '', mac, filter } = description
  const twins = instance.domain.description.vnics.filter((other) => other.mac === mac)
  return {
    resourceId: filter ?? `${instance.domainName}-${instance.id}-${device === '' ? mac : device}`,
    key: twins.length > 1 ? `${mac} ${device}` : mac,
    generation: device,
    metadata: vnicMetadata(description),
    find: (look) => look.vnics.find((stats) => sameVnic(stats.description, description)),
  }
}

export const eachVnic: PartKind<VnicStats> = {
  per: 'vnic',
  parts: (instance) => instance.domain.description.vnics.map((description) => vnic(instance, description)),
}
