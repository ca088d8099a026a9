import type { Domain } from '../inspector.js'
import { type BulkDeps, BulkRead, type BulkResult } from './bulk-read.js'
import type { Caller } from './caller.js'
import { eachOf } from './each-of.js'
import { monitorFreeBits, noWait } from './stats-groups.js'

export interface BulkRequest {
  /** Running domains. */
  readonly domains: readonly Domain[]
  /** virDomainStatsTypes for one domain. */
  readonly maskOf: (domain: Domain) => number
}

/** How long a cycle waits for the probes of suspects after everything else has been read. */
const probeGraceSeconds = 0.5

/** Most domains in a cycle that are asked once more because somebody else held their job. */
const mostSecondTries = 8

/**
 * Reads the bulk statistics of a cycle so that a stuck domain costs only itself: suspects are kept out of the slices,
 * get what needs no monitor, and are probed one after the other beside them.
 */
export class BulkReader {
  readonly #deps: BulkDeps
  /** Domains that were told to wait for the monitor, in which run, and whether they answered, though incompletely. */
  readonly #tried = new Map<string, { readonly id: number | undefined; readonly answered: boolean }>()

  constructor(deps: BulkDeps) {
    this.#deps = deps
  }

  /** Rejects with a ConnectionError only. */
  async read(caller: Caller, { domains, maskOf }: BulkRequest): Promise<BulkResult> {
    const [loose, safe] = partition(domains, (domain) => {
      const asksMonitor = (maskOf(domain) & ~monitorFreeBits) !== 0
      return asksMonitor && this.#deps.quarantine.isLoose(domain)
    })
    const main = new BulkRead(caller, this.#deps, maskOf)
    const probes = new BulkRead(caller, this.#deps, maskOf)
    const ended = new AbortController()
    const probing = this.#probe(probes, loose, ended.signal)
    probing.catch(() => undefined) // when main fails first, nobody waits for it
    try {
      await main.readSlices(safe)
      await this.#tryAgain(main, safe)
      if (loose.length > 0) await this.#waitFor(probing)
      const unprobed = loose.filter(({ uuid }) => !probes.result.answers.has(uuid))
      await main.readWithoutMonitor([...unprobed, ...safe.filter((domain) => isUnread(domain, main.result))])
    } finally {
      ended.abort()
    }
    const answers = new Map([...main.result.answers, ...probes.result.answers])
    return { answers, failures: main.result.failures }
  }

  /** Ends at the first suspect that hangs: one new hung call a cycle is enough to know. */
  async #probe(probes: BulkRead, suspects: readonly Domain[], ended: AbortSignal): Promise<void> {
    for (const domain of suspects) {
      if (ended.aborted) return
      await probes.readAlone(domain, noWait)
      if (probes.result.failures.has(domain.uuid)) return
    }
  }

  async #waitFor(probing: Promise<void>): Promise<void> {
    const { clock } = this.#deps
    const enough = new AbortController()
    const grace = clock.sleepUntil(clock.now().monotonicSeconds + probeGraceSeconds, enough.signal)
    try {
      await Promise.race([probing, grace])
    } finally {
      enough.abort()
    }
  }

  /**
   * A domain whose job is held by somebody else, for example by a migration, is asked once more by itself and told to
   * wait; not when our own call hangs on it, and not again in this run when that was no use.
   */
  async #tryAgain(main: BulkRead, domains: readonly Domain[]): Promise<void> {
    const busy = domains.filter((domain) => this.#isBusy(main, domain))
    await eachOf(busy.slice(0, mostSecondTries), async (domain) => {
      await main.readAlone(domain, 0)
      const answered = !main.result.failures.has(domain.uuid)
      const missing = main.result.answers.get(domain.uuid)?.missing
      if (missing?.size !== 0) this.#tried.set(domain.uuid, { id: domain.id, answered })
      if (answered) main.acceptAsComplete(domain)
    })
  }

  #isBusy(main: BulkRead, domain: Domain): boolean {
    const answer = main.result.answers.get(domain.uuid)
    if (answer?.id === undefined || this.#deps.quarantine.isSuspect(domain)) return false
    const tried = this.#tried.get(domain.uuid)
    if (answer.missing.size === 0) this.#tried.delete(domain.uuid)
    else if (tried === undefined || tried.id !== domain.id) return true
    else if (tried.answered) main.acceptAsComplete(domain)
    return false
  }

  keepOnly(uuids: ReadonlySet<string>): void {
    for (const uuid of this.#tried.keys()) if (!uuids.has(uuid)) this.#tried.delete(uuid)
  }
}

/** Whether its call hung or could not be made. */
function isUnread({ uuid }: Domain, { answers, failures }: BulkResult): boolean {
  const fault = answers.has(uuid) ? undefined : failures.get(uuid)?.fault
  return fault === 'hung' || fault === 'busy'
}

function partition<T>(items: readonly T[], first: (item: T) => boolean): readonly [T[], T[]] {
  const parts: [T[], T[]] = [[], []]
  for (const item of items) parts[first(item) ? 0 : 1].push(item)
  return parts
}
