import { CallError } from './errors.js'
import type { DomainName, InspectorObserver } from './observer.js'

/** Domains whose monitor does not answer, until it is seen to. */
export class StuckDomains {
  readonly #observer: InspectorObserver
  readonly #stuck = new Map<string, DomainName>()

  constructor(observer: InspectorObserver) {
    this.#observer = observer
  }

  has({ uuid }: Pick<DomainName, 'uuid'>): boolean {
    return this.#stuck.has(uuid)
  }

  found({ uuid, name }: DomainName): void {
    if (this.#stuck.has(uuid)) return
    this.#stuck.set(uuid, { uuid, name })
    this.#observer.domainStuck({ uuid, name })
  }

  /** The domain answered all that its monitor was asked. */
  answered({ uuid }: DomainName): void {
    const domain = this.#stuck.get(uuid)
    if (domain === undefined) return
    this.#stuck.delete(uuid)
    this.#observer.domainRecovered(domain)
  }

  /** Makes a call about this domain alone; when it hangs, the domain is stuck until it returns. */
  async watch<T>(domain: DomainName, call: (onLate: () => void) => Promise<T>): Promise<T> {
    const late = { returned: false }
    try {
      return await call(() => {
        late.returned = true
        this.answered(domain)
      })
    } catch (error) {
      if (error instanceof CallError && error.fault === 'hung' && !late.returned) this.found(domain)
      throw error
    }
  }

  /** Forgets domains that do not run any more. */
  keepOnly(uuids: ReadonlySet<string>): void {
    for (const domain of this.#stuck.values()) if (!uuids.has(domain.uuid)) this.answered(domain)
  }
}
