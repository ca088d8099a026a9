import type { ErrorCode, InspectError } from '../../errors.js'
import type { DomainName, InspectorObserver } from './observer.js'

/** Says of a domain once that it fails, until it succeeds or fails in another way. */
export class Failures {
  readonly #observer: InspectorObserver
  readonly #known = new Map<string, ErrorCode>()

  constructor(observer: InspectorObserver) {
    this.#observer = observer
  }

  failed({ uuid, name }: DomainName, error: InspectError): void {
    if (this.#known.get(uuid) === error.code) return
    this.#known.set(uuid, error.code)
    this.#observer.domainFailed({ uuid, name }, error)
  }

  succeeded({ uuid }: DomainName): void {
    this.#known.delete(uuid)
  }

  keepOnly(uuids: ReadonlySet<string>): void {
    for (const uuid of this.#known.keys()) if (!uuids.has(uuid)) this.#known.delete(uuid)
  }
}
