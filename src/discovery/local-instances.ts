import { InspectError } from '../errors.js'
import type { Domain, Survey } from '../inspector/inspector.js'
import type { Discovered, Discovery, DiscoveryContext, Fault, Instance, Skipped } from './discovery.js'
import { makeInstance, type InstanceOptions } from './instance.js'
import { notHere } from './migration.js'
import { decodeNovaMetadata } from './nova-metadata.js'

export interface LocalInstancesOptions extends InstanceOptions {
  /** Whether domains that Nova does not manage are left out or reported with the source `libvirt`. */
  readonly unmanaged: 'skip' | 'report'
}

/** What a domain's description amounts to, wherever its guest runs. */
type Account =
  { readonly instance: Instance; readonly faults: readonly Fault[] } | { readonly skipped: Skipped }

/** What the last survey taught about a domain. */
interface Known {
  readonly domain: Domain
  readonly account: Account
  readonly elsewhere: Pick<Skipped, 'reason' | 'detail'> | undefined
  /** libvirt's id of the run of the domain that was reported here; undefined before. */
  readonly reportedRun: number | undefined
}

/**
 * The discovery `local_instances`: the instances whose domains are on this host, running or not.
 *
 * What it makes of a domain is kept, `metadata` included, until the domain's description, name or state changes, and
 * forgotten when the domain is gone.
 */
export function localInstances(options: LocalInstancesOptions): Discovery {
  let known: ReadonlyMap<string, Known> = new Map()
  return {
    name: 'local_instances',
    async discover(context) {
      const { turns } = context
      const found = await context.survey()
      const recognised = new Map<string, Known>()
      for (const domain of found.domains) {
        recognised.set(domain.uuid, recognise(domain, known.get(domain.uuid), options))
        if (turns.areDue()) await turns.give()
      }
      known = recognised
      return discovered(found, recognised.values(), turns)
    },
  }
}

function recognise(domain: Domain, before: Known | undefined, options: LocalInstancesOptions): Known {
  const elsewhere = notHere(domain, before?.reportedRun)
  return {
    domain,
    account:
      before !== undefined && isUnchanged(domain, before.domain) ? before.account : account(domain, options),
    elsewhere,
    reportedRun: elsewhere === undefined ? domain.id : undefined,
  }
}

function isUnchanged(domain: Domain, before: Domain): boolean {
  return (
    domain.description === before.description && domain.name === before.name && domain.state === before.state
  )
}

function account(domain: Domain, options: LocalInstancesOptions): Account {
  const { uuid: id, name } = domain
  try {
    const decoded = decodeNovaMetadata(domain.description.metadata)
    if (decoded === undefined && options.unmanaged === 'skip') return { skipped: unmanaged(domain) }
    return {
      instance: makeInstance(domain, decoded?.nova, options),
      faults: (decoded?.faults ?? []).map((detail) => ({ id, name, detail })),
    }
  } catch (error) {
    if (!(error instanceof InspectError)) throw error
    return { skipped: unreadable({ uuid: id, name, error }) }
  }
}

async function discovered(
  survey: Survey,
  known: Iterable<Known>,
  turns: DiscoveryContext['turns'],
): Promise<Discovered> {
  const resources: Instance[] = []
  const skipped = survey.unreadable.map(unreadable)
  const faults: Fault[] = []
  for (const { domain, account, elsewhere } of known) {
    if ('skipped' in account) skipped.push(account.skipped)
    else if (elsewhere !== undefined) skipped.push({ id: domain.uuid, name: domain.name, ...elsewhere })
    else {
      resources.push({ ...account.instance, domain })
      faults.push(...account.faults)
    }
    if (turns.areDue()) await turns.give()
  }
  return { resources, skipped, faults }
}

function unmanaged({ uuid, name }: Domain): Skipped {
  return {
    id: uuid,
    name,
    reason: 'unmanaged',
    detail: 'no Nova metadata in the domain; set discovery.unmanaged to report to poll it all the same',
  }
}

function unreadable({ uuid, name, error }: Survey['unreadable'][number]): Skipped {
  return { id: uuid, name, reason: 'unreadable', detail: error.message }
}
