import type { ErrorCode, InspectError } from '../../errors.js'
import type { CallError } from './errors.js'
import type { DomainName, InspectorObserver } from './observer.js'

/** In the place of a call's name: nothing of the domain can be read. */
const whole = ''

/** Says of a domain, and of each call about it, once that it fails, until it succeeds or fails in another way. */
export class Failures {
  readonly #observer: InspectorObserver
  /** By domain and call. */
  readonly #known = new Map<string, Map<string, ErrorCode>>()

  constructor(observer: InspectorObserver) {
    this.#observer = observer
  }

  failed(domain: DomainName, error: InspectError): void {
    this.#note(domain, whole, error)
  }

  succeeded(domain: DomainName): void {
    this.#note(domain, whole, undefined)
  }

  /** Of calls that were not made it stays known how they went. */
  concluded(domain: DomainName, { errors }: CallOutcomes): void {
    for (const [call, error] of errors) this.#note(domain, call, error)
  }

  keepOnly(uuids: ReadonlySet<string>): void {
    for (const uuid of this.#known.keys()) if (!uuids.has(uuid)) this.#known.delete(uuid)
  }

  #note({ uuid, name }: DomainName, call: string, error: InspectError | undefined): void {
    const known = this.#known.get(uuid)
    if (error === undefined) {
      known?.delete(call)
      if (known?.size === 0) this.#known.delete(uuid)
    } else if (known?.get(call) !== error.code) {
      this.#known.set(uuid, (known ?? new Map<string, ErrorCode>()).set(call, error.code))
      this.#observer.domainFailed({ uuid, name }, error, call === whole ? 'whole' : 'part')
    }
  }
}

/** How the calls about one domain went in one cycle. A call made for each of its devices failed when it did for one. */
export class CallOutcomes {
  /** By call; undefined where it succeeded. */
  readonly errors = new Map<string, CallError | undefined>()

  succeeded(call: string): void {
    if (!this.errors.has(call)) this.errors.set(call, undefined)
  }

  /** Only an error whose absence says nothing of the cause is to be told. */
  failed(call: string, error: CallError): void {
    if (error.fault === 'other') this.errors.set(call, this.errors.get(call) ?? error)
  }
}
