import type { Connection, DomainList, StatsColumns } from '#node-libvirt'
import type { Turns } from '../../schedule/turns.js'
import type { Caller } from './caller.js'
import { CallError } from './errors.js'
import { decodeEach, decodeStats, type StatsRow } from './decode-stats.js'
import { eachOf } from './each-of.js'
import { statsBits } from './stats-groups.js'

/** A domain of the host, running or not. */
export interface ListedDomain {
  readonly uuid: string
  readonly name: string
  /** Undefined when it is not active. */
  readonly id: number | undefined
  readonly state: number
  readonly stateReason: number
}

export interface ListingDeps {
  /** For the decoding of the answer. */
  readonly turns: Turns
  /** Told when the one call returns after its deadline. */
  readonly onLate: () => void
}

/** The call that lists a host whose driver has bulk statistics. */
export const bulkListing = 'allDomainStats'

/**
 * All domains, active and inactive, by one call that asks no monitor; with a driver that has no bulk statistics, by a
 * listing and one call a domain.
 */
export async function listDomains(
  caller: Caller,
  { turns, onLate }: ListingDeps,
): Promise<readonly ListedDomain[]> {
  try {
    const make = (connection: Connection) => connection.allDomainStats(statsBits.state, 0)
    return await fromStats(await caller.listing(bulkListing, make, { onLate }), turns)
  } catch (error) {
    if (!(error instanceof CallError) || error.fault !== 'unsupported') throw error
  }
  const list = await caller.plain('listDomains', (connection) => connection.listDomains(0))
  const domains: ListedDomain[] = []
  await eachOf([...list.uuids.keys()], async (row) => {
    const domain = await withState(caller, list, row)
    if (domain !== undefined) domains.push(domain)
  })
  return domains
}

/** The listing of one domain alone; undefined when it is gone. Soon over, see `Caller.brieflyAbout`. */
export async function askState(caller: Caller, uuid: string): Promise<ListedDomain | undefined> {
  const make = (connection: Connection) => connection.domainStats([uuid], statsBits.state, 0)
  return decodeStats(await caller.brieflyAbout(uuid, 'domainStats', make)).map(listed)[0]
}

async function fromStats(columns: StatsColumns, turns: Turns): Promise<readonly ListedDomain[]> {
  const domains: ListedDomain[] = []
  for (const row of decodeEach(columns)) {
    domains.push(listed(row))
    if (turns.areDue()) await turns.give()
  }
  return domains
}

function listed({ uuid, name, id, figures }: StatsRow): ListedDomain {
  return { uuid, name, id, state: figures.state ?? 0, stateReason: figures.stateReason ?? 0 }
}

async function withState(caller: Caller, list: DomainList, row: number): Promise<ListedDomain | undefined> {
  const uuid = list.uuids[row] ?? ''
  const id = list.ids[row] ?? -1
  try {
    const { state, reason } = await caller.plain('domainState', (connection) => connection.domainState(uuid))
    return { uuid, name: list.names[row] ?? '', id: id < 0 ? undefined : id, state, stateReason: reason }
  } catch (error) {
    if (error instanceof CallError && error.fault === 'not-found') return undefined
    throw error
  }
}
