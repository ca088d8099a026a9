import type { BlockInfo } from '#node-libvirt'
import type { Absence, Domain } from '../inspector.js'
import type { Caller } from './caller.js'
import { eachOf } from './each-of.js'
import { CallError, absenceOf, absences } from './errors.js'
import { CallOutcomes, type Failures } from './failures.js'
import type { Learned } from './look.js'
import type { StuckDomains } from './stuck-domains.js'

/** Sizes of one domain's disks by device name, and why others are not there. */
export interface DiskInfo {
  readonly sizes: ReadonlyMap<string, BlockInfo>
  readonly absence: Absence | undefined
}

export interface DiskInfoDeps {
  readonly stuckDomains: StuckDomains
  readonly failures: Failures
}

/**
 * virDomainGetBlockInfo for every disk that has a source, by domain. The call has no NOWAIT, so it is not made for a
 * domain whose statistics showed that its monitor is not free. Rejects with a ConnectionError only.
 */
export async function readDiskInfo(
  caller: Caller,
  { stuckDomains, failures }: DiskInfoDeps,
  domains: readonly Learned[],
): Promise<ReadonlyMap<string, DiskInfo>> {
  const isStuck = ({ domain, unread }: Learned) =>
    stuckDomains.has(domain) || [...unread.values()].some(({ reason }) => reason === 'stuck')
  const infos = new Map<string, DiskInfo>()
  for (const { domain } of domains.filter(isStuck))
    infos.set(domain.uuid, { sizes: new Map(), absence: absences.hung })
  const asked = domains.filter((learned) => !isStuck(learned)).map(({ domain }) => domain)
  const running = asked.filter(({ id }) => id !== undefined).map(({ uuid }) => uuid)
  await caller.announcing(running, () =>
    eachOf(asked, async (domain) => {
      const outcomes = new CallOutcomes()
      infos.set(domain.uuid, await diskInfo(caller, stuckDomains, { domain, outcomes }))
      failures.concluded(domain, outcomes)
    }),
  )
  return infos
}

async function diskInfo(
  caller: Caller,
  stuckDomains: StuckDomains,
  { domain, outcomes }: { domain: Domain; outcomes: CallOutcomes },
): Promise<DiskInfo> {
  const sizes = new Map<string, BlockInfo>()
  let absence: Absence | undefined
  for (const { device, hasSource } of domain.description.disks) {
    if (!hasSource) continue
    try {
      sizes.set(device, await blockInfo(caller, stuckDomains, { domain, device }))
      outcomes.succeeded('blockInfo')
    } catch (error) {
      if (!(error instanceof CallError)) throw error
      absence = absenceOf(error)
      outcomes.failed('blockInfo', error)
      if (absence.reason === 'stuck') break // its other disks would hang as well
    }
  }
  return { sizes, absence }
}

function blockInfo(
  caller: Caller,
  stuckDomains: StuckDomains,
  { domain, device }: { domain: Domain; device: string },
): Promise<BlockInfo> {
  if (domain.id === undefined) return caller.plain('blockInfo', (c) => c.blockInfo(domain.uuid, device))
  return stuckDomains.watch(domain, (onLate) =>
    caller.monitor({
      name: 'blockInfo',
      uuids: [domain.uuid],
      make: (connection) => connection.blockInfo(domain.uuid, device),
      onLate,
    }),
  )
}
