import type { Domain } from '../inspector.js'
import { type BulkDeps, type BulkQuestion, BulkRead, type BulkResult } from './bulk-read.js'
import type { Caller } from './caller.js'
import { eachOf } from './each-of.js'
import { monitorWaits } from './monitor-waits.js'

export interface BulkReaderDeps extends BulkDeps {
  readonly callTimeoutSeconds: number
}

export interface BulkRequest extends BulkQuestion {
  /** Running domains. */
  readonly domains: readonly Domain[]
}

/** Most domains in a cycle that are asked once more because somebody else held their job. */
const mostSecondTries = 8

/** Reads the bulk statistics of a cycle so that a stuck domain costs only itself, and a busy one nothing. */
export class BulkReader {
  readonly #deps: BulkReaderDeps
  /** Domains that were told to wait for the monitor, in which run, and whether they answered, though incompletely. */
  readonly #tried = new Map<string, { readonly id: number | undefined; readonly answered: boolean }>()

  constructor(deps: BulkReaderDeps) {
    this.#deps = deps
  }

  /** Rejects with a ConnectionError only. */
  async read(caller: Caller, { domains, ...question }: BulkRequest): Promise<BulkResult> {
    const { turns } = question
    const read = new BulkRead(caller, this.#deps, question)
    await read.readSlices(domains)
    await this.#tryAgain(caller, read, { domains, ...question })
    if (turns.areDue()) await turns.give()
    await read.readWithoutMonitor(domains.filter((domain) => isUnread(domain, read.result)))
    return read.result
  }

  /**
   * A domain whose job is held by somebody else, for example by a migration, is asked once more by itself and told to
   * wait; not when its monitor does not answer, and not again in this run when that was no use.
   */
  async #tryAgain(caller: Caller, read: BulkRead, { domains, turns }: BulkRequest): Promise<void> {
    const incomplete: Domain[] = []
    for (const domain of domains) {
      if (this.#isIncomplete(read, domain)) incomplete.push(domain)
      if (turns.areDue()) await turns.give()
    }
    const busy = await this.#withoutStuck(caller, incomplete)
    await eachOf(busy.slice(0, mostSecondTries), async (domain) => {
      await read.readAlone(domain, 0)
      const answered = !read.result.failures.has(domain.uuid)
      const missing = read.result.answers.get(domain.uuid)?.missing
      if (missing?.size !== 0) this.#tried.set(domain.uuid, { id: domain.id, answered })
      if (answered) read.acceptAsComplete(domain)
    })
  }

  #isIncomplete(read: BulkRead, domain: Domain): boolean {
    const answer = read.result.answers.get(domain.uuid)
    if (answer?.id === undefined || this.#deps.stuckDomains.has(domain)) return false
    const tried = this.#tried.get(domain.uuid)
    if (answer.missing.size === 0) this.#tried.delete(domain.uuid)
    else if (tried === undefined || tried.id !== domain.id) return true
    else if (tried.answered) read.acceptAsComplete(domain)
    return false
  }

  /** Leaves out the domains on whose monitor somebody has waited for longer than we would. */
  async #withoutStuck(caller: Caller, domains: readonly Domain[]): Promise<readonly Domain[]> {
    const { callTimeoutSeconds, stuckDomains } = this.#deps
    const waits = await monitorWaits(
      caller,
      domains.map(({ uuid }) => uuid),
    )
    return domains.filter((domain) => {
      const { commandMs = 0 } = waits.get(domain.uuid) ?? {}
      const stuck = commandMs >= callTimeoutSeconds * 1000
      if (stuck) stuckDomains.found(domain)
      return !stuck
    })
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
