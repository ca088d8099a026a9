import type { Turns } from '../../schedule/turns.js'
import type { Caller } from './caller.js'
import { eachOf } from './each-of.js'
import { CallError, type CallFault } from './errors.js'
import { askState, bulkListing, listDomains, type ListedDomain } from './listing.js'
import type { StuckDomains } from './stuck-domains.js'

/**
 * Who is on the host. Every listing of libvirt waits for the lock of every domain, so one lock that is kept holds the
 * listing up, while questions about single domains are answered. Such a listing is left and not repeated until it
 * returns; meanwhile the domains known from the last one are asked one by one. libvirt starts no domain in that time.
 */
export class Roster {
  readonly #stuckDomains: StuckDomains
  #known: readonly ListedDomain[] = []
  /** The listing that hangs. */
  #out: object | undefined

  constructor(stuckDomains: StuckDomains) {
    this.#stuckDomains = stuckDomains
  }

  /**
   * All domains; those that are silent as they were last. Rejects with a ConnectionError, or with the CallError of the
   * listing when nothing is known yet or the daemon does not answer at all.
   */
  async read(caller: Caller, turns: Turns): Promise<readonly ListedDomain[]> {
    caller.silent.presume([])
    const listed = await this.#list(caller, turns)
    this.#known = listed instanceof CallError ? await this.#readWithoutListing(caller, listed) : listed
    return this.#known
  }

  /** Gives the error when the listing hangs, or has no place to be made because other calls hang. */
  async #list(caller: Caller, turns: Turns): Promise<readonly ListedDomain[] | CallError> {
    if (this.#out !== undefined)
      return new CallError('hung', 'an earlier listing of the domains still waits', {
        call: bulkListing,
      })
    const listing = (this.#out = {})
    const isOver = (): void => {
      if (this.#out === listing) this.#out = undefined
    }
    try {
      const listed = await listDomains(caller, { turns, onLate: isOver })
      isOver()
      return listed
    } catch (error) {
      const hangs =
        error instanceof CallError && error.fault === 'hung' && error.details['call'] === bulkListing
      // Whatever else ended it, a connection that is gone above all: only one that hangs is not made again.
      if (!hangs) isOver()
      if (hangs || (error instanceof CallError && error.fault === 'busy')) return error
      throw error
    }
  }

  async #readWithoutListing(caller: Caller, error: CallError): Promise<readonly ListedDomain[]> {
    if (this.#known.length === 0) throw error
    const fault = error.fault === 'busy' ? error.fault : await faultOfDaemon(caller)
    if (fault === undefined) return this.#callTheRoll(caller)
    if (fault !== 'busy') throw error
    caller.silent.presume(this.#known.map(({ uuid }) => uuid))
    return this.#known
  }

  /**
   * Domains that are stuck come last, and only when the one that holds the listing up is found among the others: if not,
   * it is one of them (somebody is about to end it), and is not worth another hung call.
   */
  async #callTheRoll(caller: Caller): Promise<readonly ListedDomain[]> {
    const answers = new Map<string, ListedDomain | undefined>()
    const ask = (domains: readonly ListedDomain[]) =>
      eachOf(domains, ({ uuid }) => askInto(answers, caller, uuid))
    await ask(this.#known.filter((domain) => !this.#stuckDomains.has(domain)))
    if (caller.silent.found) await ask(this.#known.filter((domain) => this.#stuckDomains.has(domain)))
    const silent = this.#known.filter(({ uuid }) => !answers.has(uuid))
    caller.silent.presume(silent.map(({ uuid }) => uuid))
    for (const domain of silent) if (domain.id !== undefined) this.#stuckDomains.found(domain)
    return this.#known.flatMap((domain) =>
      answers.has(domain.uuid) ? (answers.get(domain.uuid) ?? []) : domain,
    )
  }
}

/** Undefined when the daemon answers, whatever its domains do. */
async function faultOfDaemon(caller: Caller): Promise<CallFault | undefined> {
  try {
    await caller.briefly('libvirtVersion', (connection) => connection.libvirtVersion())
    return undefined
  } catch (error) {
    if (!(error instanceof CallError)) throw error
    return error.fault
  }
}

/** Undefined goes in for a domain that is gone, nothing for one that does not answer. */
async function askInto(
  answers: Map<string, ListedDomain | undefined>,
  caller: Caller,
  uuid: string,
): Promise<void> {
  try {
    answers.set(uuid, await askState(caller, uuid))
  } catch (error) {
    if (!(error instanceof CallError)) throw error
    if (error.fault === 'not-found') answers.set(uuid, undefined)
  }
}
