import type { Domain } from '../inspector/inspector.js'
import type { Skipped } from './discovery.js'

/** virDomainState and virDomainPausedReason of libvirt-domain.h. */
const paused = 3
const pausedForMigration = 2
const pausedStartingUp = 11
const pausedForPostCopy = 12

type Elsewhere = Pick<Skipped, 'reason' | 'detail'>

const migratingIn: Elsewhere = {
  reason: 'migrating-in',
  detail: 'the incoming copy of a migration; its source host reports the instance until it runs here',
}

const migratedOut: Elsewhere = {
  reason: 'migrated-out',
  detail:
    'what a post-copy migration left behind; the instance already runs on its new host, which reports it',
}

const startingUp: Elsewhere = { reason: 'no-data', detail: 'the domain is being started' }

/**
 * Why a domain is not to be counted on this host although it is listed here; undefined when it is.
 *
 * libvirt gives both ends of a migration the same state and reason while the guest changes over. A run of a domain
 * (one libvirt id) that was reported before is the outgoing end and stays reported; one that was never seen in
 * another state is the incoming copy. So an agent that starts in that moment on the source host leaves the instance
 * out until the migration has ended, and so it does with a domain that was restored paused from a saved state, until
 * it is resumed: libvirt gives these the same reason, too.
 */
export function notHere(domain: Domain, reportedRun: number | undefined): Elsewhere | undefined {
  if (domain.state !== paused) return undefined
  if (domain.stateReason === pausedForPostCopy) return migratedOut
  if (domain.id === reportedRun) return undefined
  if (domain.stateReason === pausedForMigration) return migratingIn
  return domain.stateReason === pausedStartingUp ? startingUp : undefined
}
