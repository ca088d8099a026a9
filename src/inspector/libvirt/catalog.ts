import { createHash } from 'node:crypto'
import type { DomainEvent } from '#node-libvirt'
import { InspectError } from '../../errors.js'
import type { Clock } from '../../schedule/clock.js'
import type { Turns } from '../../schedule/turns.js'
import { decodeDomainXml } from '../domain-xml.js'
import type { Domain, DomainDescription, Survey } from '../inspector.js'
import type { Caller } from './caller.js'
import type { Session } from './connection.js'
import { eachOf } from './each-of.js'
import { CallError } from './errors.js'
import type { ListedDomain } from './listing.js'

/** What is kept of one domain's XML: not the text, which may have megabytes, but its digest. */
interface Entry {
  readonly id: number | undefined
  readonly digest: string
  readonly content: DomainDescription | InspectError
  readonly readAt: number
  /** Device names of the statistics that differ from this XML and were looked into. */
  settledDevices: string | undefined
}

/** Device names in a domain's statistics; undefined where the group was not read. */
export interface SeenDevices {
  readonly disks: ReadonlySet<string> | undefined
  readonly vnics: ReadonlySet<string> | undefined
}

/** What one survey lists. */
export interface Listed {
  readonly listed: readonly ListedDomain[]
  readonly turns: Turns
}

export interface CatalogOptions {
  readonly clock: Clock
  /** Within this time the XML of every domain is read again, a few domains each cycle. */
  readonly xmlRefreshSeconds: number
}

/** The XML of all domains, read only when it is new or may have changed. */
export class Catalog {
  readonly #clock: Clock
  readonly #refreshSeconds: number
  readonly #entries = new Map<string, Entry>()
  readonly #stale = new Set<string>()
  #session: Session | undefined
  #surveyedAt: number | undefined
  /** Share of domains that the rotation still owes; less than one domain's worth is carried over. */
  #owed = 0

  constructor({ clock, xmlRefreshSeconds }: CatalogOptions) {
    this.#clock = clock
    this.#refreshSeconds = xmlRefreshSeconds
  }

  /** Any event that is subscribed to may have changed the XML. */
  onEvent(event: DomainEvent): void {
    this.#stale.add(event.uuid)
  }

  /**
   * Compares the device names of a domain's statistics with its XML, because libvirt has no event for an updated
   * device. A difference that another reading of the XML does not settle is not looked into again.
   */
  checkDevices({ uuid, description }: Domain, seen: SeenDevices): void {
    const entry = this.#entries.get(uuid)
    if (entry?.content !== description) return
    const unknown = [
      ...difference(seen.disks, description.disks),
      ...difference(seen.vnics, description.vnics),
    ].join(' ')
    if (unknown === '' || unknown === entry.settledDevices) return
    entry.settledDevices = unknown
    this.#stale.add(uuid)
  }

  /** Every listed domain with its description, silent ones as they were last. Rejects with a ConnectionError. */
  async describe(caller: Caller, { listed, turns }: Listed): Promise<Omit<Survey, 'takenAt' | 'calls'>> {
    this.#forgetAllBut(new Set(listed.map(({ uuid }) => uuid)))
    if (caller.session !== this.#session) for (const { uuid } of listed) this.#stale.add(uuid)
    const due = this.#rotation(listed.length)
    const failures = new Map<string, CallError>()
    if (turns.areDue()) await turns.give()
    const unread = listed.filter((domain) => !caller.silent.has(domain) && this.#needsReading(domain, due))
    await eachOf(unread, async (domain) => {
      const error = await this.#read(caller, domain)
      if (error !== undefined) failures.set(domain.uuid, error)
    })
    this.#session = caller.session
    return this.#result({ listed, turns }, failures)
  }

  #needsReading({ uuid, id }: ListedDomain, due: ReadonlySet<string>): boolean {
    const entry = this.#entries.get(uuid)
    return entry === undefined || entry.id !== id || this.#stale.has(uuid) || due.has(uuid)
  }

  /** The domains whose XML was read longest ago, as many as keep the rotation in time. */
  #rotation(domains: number): ReadonlySet<string> {
    const now = this.#clock.now().monotonicSeconds
    const elapsed = now - (this.#surveyedAt ?? now)
    this.#surveyedAt = now
    this.#owed = Math.min(domains, this.#owed + (domains * elapsed) / this.#refreshSeconds)
    const count = Math.floor(this.#owed)
    if (count === 0) return new Set()
    this.#owed -= count
    const oldestFirst = [...this.#entries].sort(([, a], [, b]) => a.readAt - b.readAt)
    return new Set(oldestFirst.slice(0, count).map(([uuid]) => uuid))
  }

  async #read(caller: Caller, { uuid, id }: ListedDomain): Promise<CallError | undefined> {
    this.#stale.delete(uuid) // before the call: an event that comes while it is out asks for another one
    const before = this.#entries.get(uuid)
    try {
      const xml = await caller.plain('domainXml', (connection) => connection.domainXml(uuid, 0))
      const digest = createHash('sha256').update(xml).digest('base64')
      const content = before?.digest === digest ? before.content : decode(xml)
      const settledDevices = before?.settledDevices
      this.#entries.set(uuid, {
        id,
        digest,
        content,
        readAt: this.#clock.now().monotonicSeconds,
        settledDevices,
      })
      return undefined
    } catch (error) {
      this.#stale.add(uuid)
      if (!(error instanceof CallError)) throw error
      if (before?.id !== id) this.#entries.delete(uuid)
      return error
    }
  }

  async #result(
    { listed, turns }: Listed,
    failures: ReadonlyMap<string, CallError>,
  ): Promise<Omit<Survey, 'takenAt' | 'calls'>> {
    const domains: Domain[] = []
    const unreadable: { uuid: string; name: string; error: InspectError }[] = []
    for (const { uuid, name, id, state, stateReason } of listed) {
      const failure = failures.get(uuid)
      if (failure?.fault === 'not-found') continue
      const content = this.#entries.get(uuid)?.content ?? failure
      if (content instanceof InspectError) unreadable.push({ uuid, name, error: content })
      else if (content !== undefined)
        domains.push({ uuid, name, id, state, stateReason, description: content })
      if (turns.areDue()) await turns.give()
    }
    return { domains, unreadable }
  }

  #forgetAllBut(uuids: ReadonlySet<string>): void {
    for (const uuid of this.#entries.keys()) if (!uuids.has(uuid)) this.#entries.delete(uuid)
    for (const uuid of this.#stale) if (!uuids.has(uuid)) this.#stale.delete(uuid)
  }
}

function decode(xml: string): DomainDescription | InspectError {
  try {
    return decodeDomainXml(xml)
  } catch (error) {
    if (error instanceof InspectError) return error
    throw error
  }
}

/** Names that are in the statistics and not in the XML, and the other way round with a minus. */
function difference(
  seen: ReadonlySet<string> | undefined,
  described: readonly { readonly device: string | undefined }[],
): readonly string[] {
  if (seen === undefined) return []
  const known = new Set(described.map(({ device }) => device).filter((device) => device !== undefined))
  return [
    ...[...seen].filter((name) => !known.has(name)),
    ...[...known].filter((name) => !seen.has(name)).map((name) => `-${name}`),
  ]
}
