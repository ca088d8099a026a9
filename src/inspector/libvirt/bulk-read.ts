import { exactInteger } from '../../sample/volume.js'
import type { Clock, Instant } from '../../schedule/clock.js'
import type { Turns } from '../../schedule/turns.js'
import type { Domain, StatsGroup } from '../inspector.js'
import type { CallGate } from './call-gate.js'
import type { Caller } from './caller.js'
import { type DomainFigures, decodeEach } from './decode-stats.js'
import { eachOf } from './each-of.js'
import { CallError, silentError } from './errors.js'
import { monitorWaits } from './monitor-waits.js'
import { missingGroups, monitorFreeBits, noWait } from './stats-groups.js'
import type { StuckDomains } from './stuck-domains.js'

/** What libvirt answered about one domain. */
export interface Answer {
  readonly takenAt: Instant
  /** Undefined when the domain had stopped by then. */
  readonly id: number | undefined
  readonly figures: DomainFigures
  /** Groups that were asked for and did not come: see `missingGroups`. */
  readonly missing: ReadonlySet<StatsGroup>
}

export interface BulkResult {
  /** A domain with neither an answer nor a failure is gone. */
  readonly answers: Map<string, Answer>
  readonly failures: Map<string, CallError>
}

export interface BulkDeps {
  readonly gate: CallGate
  readonly clock: Clock
  readonly stuckDomains: StuckDomains
}

/** What a cycle wants to know. */
export interface BulkQuestion {
  /** virDomainStatsTypes for one domain. */
  readonly maskOf: (domain: Domain) => number
  /** For the decoding of answers. */
  readonly turns: Turns
}

interface Piece {
  readonly domains: readonly Domain[]
  readonly mask: number
}

/** Below this many domains another slice costs more than it saves. */
const fewestDomainsInSlice = 8
/** The more, the fewer domains a slice that hangs takes with it, and the more calls. */
const slicesALane = 2

/**
 * Bulk statistics of many domains in a few slices at once. A slice that hangs is left, for its call holds the job of
 * the domain it hangs on and so makes NOWAIT pass over that domain; the slice is asked again at once, first the domains
 * up to that one, which libvirt had answers from, then the others in halves. A slice that fails is halved as well, down
 * to the domain that fails.
 */
export class BulkRead {
  readonly result: BulkResult = { answers: new Map(), failures: new Map() }
  readonly #deps: BulkDeps
  readonly #caller: Caller
  readonly #maskOf: (domain: Domain) => number
  readonly #turns: Turns
  readonly #hungAlone = new Set<string>()

  constructor(caller: Caller, deps: BulkDeps, { maskOf, turns }: BulkQuestion) {
    this.#caller = caller
    this.#deps = deps
    this.#maskOf = maskOf
    this.#turns = turns
  }

  async readSlices(domains: readonly Domain[]): Promise<void> {
    const queue = [...this.#slices(domains)]
    if (this.#turns.areDue()) await this.#turns.give()
    if (!this.#caller.session.monitorAnswered) await this.#drain(queue.splice(0, 1))
    const lanes = Math.max(1, Math.min(queue.length, this.#deps.gate.monitorLanes))
    await Promise.all(Array.from({ length: lanes }, () => this.#drain(queue)))
  }

  /** Asks one domain by itself. Rejects with a ConnectionError only. */
  async readAlone(domain: Domain, flags: number): Promise<void> {
    await this.#attempt({ domains: [domain], mask: this.#maskOf(domain) }, flags)
  }

  /** Takes what the domain answered for all that it has. */
  acceptAsComplete({ uuid }: Domain): void {
    const answer = this.result.answers.get(uuid)
    if (answer !== undefined) this.result.answers.set(uuid, { ...answer, missing: none })
  }

  /** Asks only for what needs no monitor, for domains that must not be asked for more. */
  async readWithoutMonitor(domains: readonly Domain[]): Promise<void> {
    if (domains.length === 0) return
    const mask = domains.reduce((all, domain) => all | this.#maskOf(domain), 0) & monitorFreeBits
    await this.#attempt({ domains, mask }, 0)
    await eachOf(domains, (domain) => this.#addInfo(domain))
  }

  /** Domains that are grouped by what they need, so that few slices ask for the dear group `cpu`. */
  #slices(domains: readonly Domain[]): readonly Piece[] {
    const sorted = domains
      .map((domain) => ({ domain, mask: this.#maskOf(domain) }))
      .sort((a, b) => a.mask - b.mask)
    const most = Math.ceil(domains.length / fewestDomainsInSlice)
    const count = Math.max(1, Math.min(most, slicesALane * this.#deps.gate.monitorLanes))
    const size = Math.ceil(domains.length / count)
    return chunks(sorted, size).map((chunk) => ({
      domains: chunk.map(({ domain }) => domain),
      mask: chunk.reduce((all, { mask }) => all | mask, 0),
    }))
  }

  async #drain(queue: Piece[]): Promise<void> {
    for (let piece = queue.shift(); piece !== undefined; piece = queue.shift()) {
      const again = await this.#attempt(piece, noWait)
      queue.push(...again)
    }
  }

  /** Reads a piece; gives the pieces that are to be read in its place when it hangs or fails. */
  async #attempt(whole: Piece, flags: number): Promise<readonly Piece[]> {
    const piece = this.#withoutSilent(whole)
    if (piece.domains.length === 0) return []
    try {
      await this.#read(piece, flags)
      return []
    } catch (error) {
      if (!(error instanceof CallError)) throw error
      for (const { uuid } of piece.domains) this.result.failures.set(uuid, error)
      if (error.fault === 'busy') return []
      const hangsAt = error.fault === 'hung' ? await this.#findStuck(piece) : -1
      return hangsAt < 0 ? this.#halves(piece, error) : splitAfter(piece, hangsAt)
    }
  }

  #withoutSilent({ domains, mask }: Piece): Piece {
    const { silent } = this.#caller
    for (const { uuid } of domains.filter((domain) => silent.has(domain)))
      this.result.failures.set(uuid, silentError)
    return { domains: domains.filter((domain) => !silent.has(domain)), mask }
  }

  /** The domain that the call on these hangs on, by its place among them; -1 when it is not to be found. */
  async #findStuck({ domains }: Piece): Promise<number> {
    const { stuckDomains } = this.#deps
    const unknown = domains.filter((domain) => !stuckDomains.has(domain))
    const waits = await monitorWaits(
      this.#caller,
      unknown.map(({ uuid }) => uuid),
    )
    const stuck = unknown.filter((domain) => waits.has(domain.uuid) || this.#caller.silent.has(domain))
    for (const domain of stuck) stuckDomains.found(domain)
    return stuck[0] === undefined ? -1 : domains.indexOf(stuck[0])
  }

  /** A single domain that hangs is asked once more: its job is held now, so what needs no monitor comes at once. */
  #halves({ domains, mask }: Piece, { fault }: CallError): readonly Piece[] {
    if (domains.length > 1) {
      return chunks(domains, Math.ceil(domains.length / 2)).map((half) => ({ domains: half, mask }))
    }
    const [only] = domains
    if (only === undefined || fault !== 'hung' || this.#hungAlone.has(only.uuid)) return []
    this.#hungAlone.add(only.uuid)
    return [{ domains, mask }]
  }

  async #read({ domains, mask }: Piece, flags: number): Promise<void> {
    const uuids = domains.map(({ uuid }) => uuid)
    const bound = (mask & ~monitorFreeBits) !== 0
    const columns = bound
      ? await this.#caller.monitor({
          name: 'domainStats',
          uuids,
          make: (connection) => connection.domainStats(uuids, mask, flags),
        })
      : await this.#caller.plain('domainStats', (c) => c.domainStats(uuids, mask, 0))
    const takenAt = this.#deps.clock.now()
    const byUuid = new Map(domains.map((domain) => [domain.uuid, domain]))
    for (const uuid of uuids) this.result.failures.delete(uuid)
    for (const { uuid, id, figures } of decodeEach(columns)) {
      if (this.#turns.areDue()) await this.#turns.give()
      const domain = byUuid.get(uuid)
      if (domain === undefined) continue
      const missing = id === undefined ? none : missingGroups(this.#maskOf(domain), figures, domain)
      this.result.answers.set(uuid, { takenAt, id, figures, missing })
      if (bound && id !== undefined && missing.size === 0) this.#deps.stuckDomains.answered(domain)
    }
  }

  /** virDomainGetInfo needs no monitor and has CPU time, number of vCPUs and largest memory. */
  async #addInfo(domain: Domain): Promise<void> {
    const figures = this.result.answers.get(domain.uuid)?.figures
    if (figures === undefined) return
    try {
      const info = await this.#caller.plain('domainInfo', (c) => c.domainInfo(domain.uuid))
      figures.vcpus = info.vcpus
      figures.cpuTimeNs = exactInteger(info.cpuTimeNs)
      figures.memory.maximumKiB = Number(info.maxMemoryKiB)
    } catch (error) {
      if (!(error instanceof CallError)) throw error
    }
  }
}

const none: ReadonlySet<StatsGroup> = new Set()

function splitAfter({ domains, mask }: Piece, index: number): readonly Piece[] {
  const rest = domains.slice(index + 1)
  const pieces = [domains.slice(0, index + 1), ...chunks(rest, Math.max(1, Math.ceil(rest.length / 2)))]
  return pieces.map((piece) => ({ domains: piece, mask }))
}

function chunks<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  const count = Math.ceil(items.length / size)
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size))
}
