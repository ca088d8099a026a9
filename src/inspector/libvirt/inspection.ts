import type { Clock } from '../../schedule/clock.js'
import type { Turns } from '../../schedule/turns.js'
import type { Domain, DomainLook, Inspected, InspectionRequest } from '../inspector.js'
import type { BulkReader } from './bulk-reader.js'
import type { Catalog } from './catalog.js'
import type { Caller } from './caller.js'
import type { CpuDefinitions } from './cpu-time.js'
import { type DiskInfo, readDiskInfo } from './disk-info.js'
import { readEach, readStopped } from './each-domain.js'
import { CallError, absenceOf, absences, silentError } from './errors.js'
import type { Failures } from './failures.js'
import { type Learned, lookOf } from './look.js'
import { type Read, readInBulk } from './running.js'
import type { StuckDomains } from './stuck-domains.js'

export interface InspectionDeps {
  readonly clock: Clock
  readonly failures: Failures
  readonly options: { readonly diskInfo: 'exact' | 'bulk' }
  readonly stuckDomains: StuckDomains
  readonly catalog: Catalog
  readonly cpu: CpuDefinitions
  readonly reader: BulkReader
}

/** Drivers that give every group in bulk. */
const bulkDrivers: ReadonlySet<string> = new Set(['QEMU'])

export const notFound: Inspected<never> = { ok: false, ...absences['not-found'] }
const shutOff: Inspected<never> = { ok: false, ...absences['shut-off'] }

/** An inspection that lets the event loop have its turn between domains. */
export interface TakingTurns extends InspectionRequest {
  readonly turns: Turns
}

/**
 * Looks at the domains of a request, by the ways that the driver has. Rejects with a ConnectionError or the signal's
 * reason.
 */
export async function takeLooks(
  caller: Caller,
  deps: InspectionDeps,
  request: TakingTurns,
): Promise<ReadonlyMap<string, Inspected<DomainLook>>> {
  const reads = await readAll(caller, deps, request)
  const infos = await readSizes(caller, deps, { reads, request })
  const looks = new Map<string, Inspected<DomainLook>>()
  for (const [domain, read] of reads) {
    if (read instanceof CallError && read.fault === 'other') deps.failures.failed(domain, read)
    else deps.failures.succeeded(domain)
    const look = inspected(read, infos.get(domain.uuid))
    const stopped = (look.ok ? look.value.shutOff : domain.id === undefined) && !request.reportStopped
    looks.set(domain.uuid, stopped ? shutOff : look)
    if (request.turns.areDue()) await request.turns.give()
  }
  return looks
}

async function readAll(
  caller: Caller,
  deps: InspectionDeps,
  { domains, groups, reportStopped, turns }: TakingTurns,
): Promise<ReadonlyMap<Domain, Read>> {
  const silent = domains.filter((domain) => caller.silent.has(domain))
  const heard = domains.filter((domain) => !caller.silent.has(domain))
  const running = heard.filter(({ id }) => id !== undefined)
  const stopped = heard.filter(({ id }) => id === undefined)
  if (turns.areDue()) await turns.give()
  const way = bulkDrivers.has(caller.session.driver) ? readInBulk : readEach
  const readOf = await way(caller, deps, { domains: running, groups, turns })
  const stoppedReadOf = await readStopped(caller, deps.clock, reportStopped ? stopped : [])
  const reads = new Map<Domain, Read>()
  for (const domain of running) {
    reads.set(domain, readOf(domain))
    if (turns.areDue()) await turns.give()
  }
  for (const domain of stopped) reads.set(domain, stoppedReadOf(domain))
  for (const domain of silent) reads.set(domain, silentError)
  return reads
}

/** Disk sizes by domain; none for a domain whose sizes are to be those of its bulk statistics. */
async function readSizes(
  caller: Caller,
  deps: InspectionDeps,
  { reads, request }: { reads: ReadonlyMap<Domain, Read>; request: InspectionRequest },
): Promise<ReadonlyMap<string, DiskInfo>> {
  const inBulk = deps.options.diskInfo === 'bulk' && bulkDrivers.has(caller.session.driver)
  const learned = [...reads.values()].filter(isLearned)
  const exact = learned.filter(({ domain }) => !(inBulk && domain.id !== undefined))
  if (request.groups.has('diskInfo')) return readDiskInfo(caller, deps, exact)
  return new Map(exact.map(({ domain }) => [domain.uuid, { sizes: new Map(), absence: undefined }]))
}

function inspected(read: Read, info: DiskInfo | undefined): Inspected<DomainLook> {
  if (read === undefined) return notFound
  if (read instanceof CallError) return { ok: false, ...absenceOf(read) }
  const learned: Learned =
    info?.absence === undefined
      ? read
      : { ...read, unread: new Map([...read.unread, ['diskInfo', info.absence]]) }
  return { ok: true, value: lookOf(learned, info?.sizes) }
}

const isLearned = (read: Read): read is Learned => read !== undefined && !(read instanceof CallError)
