import { createHash } from 'node:crypto'
import type { Domain } from '../inspector/inspector.js'
import type { Metadata } from '../sample/sample.js'
import type { Flavor } from './discovery.js'
import type { NovaMetadata } from './nova-metadata.js'

const building = { state: 'pending', status: 'building' }

/** Nova's words for a virDomainState: its power state, and a guess at its status, as ceilometer makes it. */
const stateWords: readonly { readonly state: string; readonly status: string }[] = [
  building,
  { state: 'running', status: 'active' },
  { state: 'running', status: 'active' },
  { state: 'paused', status: 'paused' },
  { state: 'shutdown', status: 'stopped' },
  { state: 'shutdown', status: 'stopped' },
  { state: 'crashed', status: 'error' },
  { state: 'suspended', status: 'suspended' },
]

/**
 * `resource_metadata` of an instance: keys, order and values of ceilometer's `_get_metadata_from_object`. Keys that
 * stand on a flavor are left out where there is none, those of an image where Nova does not manage the instance. A
 * state that this release does not know counts as `pending`, never as active.
 */
export function instanceMetadata(domain: Domain, nova: NovaMetadata | undefined, host: string): Metadata {
  const { state, status } = stateWords[domain.state] ?? building
  const flavor = nova?.flavor ?? undefined
  const { osType, architecture } = domain.description
  return {
    display_name: nova?.displayName === undefined ? domain.name : nova.displayName,
    name: domain.name,
    instance_id: domain.uuid,
    ...(flavor && { instance_type: flavor.name }),
    host: hostId(nova?.projectId ?? '', host),
    instance_host: host,
    ...(flavor && { flavor: flavorMetadata(flavor) }),
    status,
    state,
    task_state: '',
    ...(nova && imageMetadata(nova)),
    ...(architecture !== undefined && { architecture }),
    ...(osType !== undefined && { os_type: osType || null }),
    ...(flavor && flavorFigures(flavor)),
  }
}

/** Nova's hostId: the same host for the same project, without its name. */
function hostId(projectId: string, host: string): string {
  return createHash('sha224')
    .update(projectId + host)
    .digest('hex')
}

function flavorMetadata(flavor: Flavor): Metadata {
  return {
    id: flavor.id,
    name: flavor.name,
    vcpus: flavor.vcpus,
    ram: flavor.ramMiB,
    disk: flavor.diskGiB,
    ephemeral: flavor.ephemeralGiB,
    swap: flavor.swapMiB,
    ...(flavor.extraSpecs && { extra_specs: flavor.extraSpecs }),
  }
}

function imageMetadata({ imageId, imageMeta }: NovaMetadata): Metadata {
  return {
    image: imageId === null ? null : { id: imageId },
    image_ref: imageId,
    image_ref_url: null,
    ...(imageMeta && Object.keys(imageMeta).length > 0 && { image_meta: imageMeta }),
  }
}

/** `root_gb` takes the ephemeral disk off what is the root disk alone, as ceilometer does: consumers know it so. */
function flavorFigures({ vcpus, ramMiB, diskGiB, ephemeralGiB }: Flavor): Metadata {
  return {
    vcpus,
    memory_mb: ramMiB,
    disk_gb: diskGiB,
    ephemeral_gb: ephemeralGiB,
    root_gb: diskGiB === null || ephemeralGiB === null ? null : diskGiB - ephemeralGiB,
  }
}
