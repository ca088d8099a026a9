import type { Domain } from '../inspector/inspector.js'
import type { Instance } from './discovery.js'
import { instanceMetadata } from './instance-metadata.js'
import type { NovaMetadata } from './nova-metadata.js'

export interface InstanceOptions {
  /** The name of this host as Nova knows it. */
  readonly host: string
  /** `source` of the samples of instances that Nova manages. */
  readonly source: string
}

/** An instance as Nova describes it; undefined stands for a domain that Nova does not manage. */
export function makeInstance(
  domain: Domain,
  nova: NovaMetadata | undefined,
  { host, source }: InstanceOptions,
): Instance {
  return {
    id: domain.uuid,
    source: nova === undefined ? 'libvirt' : source,
    userId: nova?.userId ?? null,
    userName: nova?.userName ?? null,
    projectId: nova?.projectId ?? null,
    projectName: nova?.projectName ?? null,
    name: nova?.displayName ?? domain.name,
    domainName: domain.name,
    flavor: nova?.flavor ?? null,
    metadata: instanceMetadata(domain, nova, host),
    domain,
  }
}
