import type { Connection, TypedParameters } from '#node-libvirt'
import { exactInteger, type Volume } from '../../sample/volume.js'
import type { Absence, Domain, MemoryStats, StatsGroup } from '../inspector.js'
import type { Caller } from './caller.js'
import { type DiskFigures, type DomainFigures, known } from './decode-stats.js'
import { CallError, absenceOf, absences, lacksFunction } from './errors.js'
import { CallOutcomes } from './failures.js'
import type { StuckDomains } from './stuck-domains.js'

/** By virDomainMemoryStatTags. */
const memoryTags: ReadonlyMap<number, keyof MemoryStats> = new Map([
  [0, 'swapInKiB'],
  [1, 'swapOutKiB'],
  [4, 'unusedKiB'],
  [5, 'availableKiB'],
  [6, 'actualKiB'],
  [7, 'rssKiB'],
  [8, 'usableKiB'],
])

/**
 * The second way to statistics, one call after the other for one domain: for groups that its driver does not give in
 * bulk.
 */
export class DomainCalls {
  readonly unread = new Map<StatsGroup, Absence>()
  readonly outcomes = new CallOutcomes()
  readonly #caller: Caller
  readonly #stuckDomains: StuckDomains
  readonly #domain: Domain
  readonly #figures: DomainFigures
  #stuck: Absence | undefined

  constructor(caller: Caller, stuckDomains: StuckDomains, into: { domain: Domain; figures: DomainFigures }) {
    this.#caller = caller
    this.#stuckDomains = stuckDomains
    this.#domain = into.domain
    this.#figures = into.figures
    if (stuckDomains.has(into.domain)) this.#stuck = absences.hung
  }

  /** Fills in the figures of these groups. Rejects with a ConnectionError, or with a CallError when the domain is gone. */
  async fill(groups: ReadonlySet<StatsGroup>): Promise<void> {
    if (groups.has('state') || groups.has('cpu') || groups.has('vcpu') || groups.has('balloon'))
      await this.#info()
    if (groups.has('balloon')) await this.#memory()
    if (groups.has('interface')) await this.#vnics()
    if (groups.has('block')) await this.#disks()
    if (groups.has('perf')) this.unread.set('perf', absences.unsupported)
  }

  async #info(): Promise<void> {
    const info = await this.#caller.plain('domainInfo', (c) => c.domainInfo(this.#domain.uuid))
    this.#figures.state = info.state
    this.#figures.vcpus = info.vcpus
    this.#figures.cpuTimeNs = exactInteger(info.cpuTimeNs)
    this.#figures.memory.maximumKiB = Number(info.maxMemoryKiB)
  }

  async #memory(): Promise<void> {
    await this.#reading('balloon', 'memoryStats', async () => {
      const stats = await this.#watched('memoryStats', (c) => c.memoryStats(this.#domain.uuid))
      for (const [tag, value] of stats) {
        const into = memoryTags.get(tag)
        if (into !== undefined) this.#figures.memory[into] = Number(value)
      }
    })
  }

  async #vnics(): Promise<void> {
    for (const [index, { device }] of this.#domain.description.vnics.entries()) {
      if (device === undefined) continue
      await this.#reading('interface', 'interfaceStats', async () => {
        const { uuid } = this.#domain
        const stats = await this.#caller.plain('interfaceStats', (c) => c.interfaceStats(uuid, device))
        this.#figures.nets.set(index, { name: device, figures: counters(stats) })
      })
    }
  }

  async #disks(): Promise<void> {
    for (const [index, { device, hasSource }] of this.#domain.description.disks.entries()) {
      if (!hasSource) continue
      const disk: DiskFigures = {}
      this.#figures.blocks.set(index, { name: device, figures: disk })
      await this.#reading('block', 'blockStats', async () => {
        const { uuid } = this.#domain
        const stats = await this.#watched('blockStats', (c) => c.blockStats(uuid, device))
        const { readRequests, readBytes, writeRequests, writeBytes } = stats
        Object.assign(disk, counters({ readRequests, readBytes, writeRequests, writeBytes }))
      })
      await this.#reading('block', 'blockStatsParameters', async () => {
        const { uuid } = this.#domain
        const times = await this.#watched('blockStatsParameters', (c) => c.blockStatsParameters(uuid, device))
        disk.readTimeNs = counter(times, 'rd_total_times')
        disk.writeTimeNs = counter(times, 'wr_total_times')
      })
    }
  }

  /**
   * One device that cannot be read costs that device; a function that the driver lacks is not called again; a domain
   * on which a call hangs is asked nothing more.
   */
  async #reading(group: StatsGroup, call: string, read: () => Promise<void>): Promise<void> {
    const { lacking } = this.#caller.session
    const why = lacking.has(call) ? absences.unsupported : this.#stuck
    if (why !== undefined) {
      this.unread.set(group, why)
      return
    }
    try {
      await read()
      this.outcomes.succeeded(call)
    } catch (error) {
      if (!(error instanceof CallError) || error.fault === 'not-found') throw error
      this.outcomes.failed(call, error)
      if (lacksFunction(error)) lacking.add(call)
      if (error.fault === 'hung' || error.fault === 'busy') this.#stuck = absenceOf(error)
      this.unread.set(group, absenceOf(error))
    }
  }

  #watched<T>(name: string, make: (connection: Connection) => Promise<T>): Promise<T> {
    return this.#stuckDomains.watch(this.#domain, (onLate) =>
      this.#caller.monitor({ name, uuids: [this.#domain.uuid], make, onLate }),
    )
  }
}

/** Figures of a call by the same names; -1, "not known", as none. */
function counters<K extends string>(
  stats: Readonly<Record<K, bigint>>,
): Partial<Record<K, Volume | undefined>> {
  const entries = Object.entries<bigint>(stats).map(([name, value]) => [name, known(exactInteger(value))])
  return Object.fromEntries(entries) as Partial<Record<K, Volume | undefined>>
}

function counter(parameters: TypedParameters, name: string): Volume | undefined {
  const value = parameters[name]
  if (typeof value === 'bigint') return known(exactInteger(value))
  return typeof value === 'number' ? known(value) : undefined
}
