import type { Domain } from '../inspector.js'
import { CallError } from './errors.js'
import type { DomainName, InspectorObserver } from './observer.js'

/** Keeps the names of suspects across restarts of the agent, so that a new process does not hang on them again. */
export interface SuspectStore {
  load(): readonly DomainName[]
  /** Must not throw. */
  save(suspects: readonly DomainName[]): void
}

/** Forgets them with the process. */
export const forgetfulStore: SuspectStore = { load: () => [], save: () => undefined }

interface Suspect extends DomainName {
  /** Calls on it that hang. */
  callsOut: number
  /** Whether one of these is known to hold the job of this very domain, so that NOWAIT passes it over. */
  held: boolean
  /** Whether the observer was told; a mere neighbour of a stuck domain is never reported. */
  reported: boolean
}

const newSuspect = ({ uuid, name }: DomainName): Suspect => ({
  uuid,
  name,
  callsOut: 0,
  held: false,
  reported: false,
})

/**
 * Domains whose monitor may not answer: those of every call that hangs, until they are seen to answer. A suspect that
 * is held may be asked with NOWAIT; any other one would take another call down with it.
 */
export class Quarantine {
  readonly #store: SuspectStore
  readonly #observer: InspectorObserver
  readonly #suspects = new Map<string, Suspect>()

  constructor(store: SuspectStore, observer: InspectorObserver) {
    this.#store = store
    this.#observer = observer
    for (const name of store.load()) this.#suspects.set(name.uuid, newSuspect(name))
  }

  isSuspect({ uuid }: Domain): boolean {
    return this.#suspects.has(uuid)
  }

  /** Whether a call may be sent to it only by itself, as a probe. */
  isLoose({ uuid }: Domain): boolean {
    return this.#suspects.get(uuid)?.held === false
  }

  /** Makes a call on these domains; when it hangs, they are suspects until it returns. See MonitorCall for onLate. */
  async watch<T>(
    domains: readonly DomainName[],
    call: (onLate: (answered: boolean) => void) => Promise<T>,
  ): Promise<T> {
    const late: { answered?: boolean; tell?: (answered: boolean) => void } = {}
    try {
      return await call((answered) => {
        late.answered = answered
        late.tell?.(answered)
      })
    } catch (error) {
      const hangs = error instanceof CallError && error.fault === 'hung'
      if (hangs && late.answered === undefined) late.tell = this.#callHangs(domains)
      throw error
    }
  }

  #callHangs(domains: readonly DomainName[]): (answered: boolean) => void {
    const suspects = domains.map((domain) => {
      const suspect = this.#suspects.get(domain.uuid) ?? newSuspect(domain)
      suspect.callsOut += 1
      this.#suspects.set(domain.uuid, suspect)
      return suspect
    })
    const [only, ...others] = suspects
    if (only !== undefined && others.length === 0) this.#hold(only)
    this.#save()
    return (answered) => {
      for (const suspect of suspects) {
        suspect.callsOut -= 1
        if (suspect.callsOut > 0) continue
        suspect.held = false
        if (answered) this.#clear(suspect)
      }
      this.#save()
    }
  }

  /** The domain answered: in full, or with what needs no monitor because somebody holds its job. */
  answered({ uuid }: Domain, complete: boolean): void {
    const suspect = this.#suspects.get(uuid)
    if (suspect === undefined) return
    if (!complete) {
      if (suspect.callsOut > 0) this.#hold(suspect)
      return
    }
    this.#clear(suspect)
    this.#save()
  }

  /** Forgets domains that do not run any more. */
  keepOnly(uuids: ReadonlySet<string>): void {
    const gone = [...this.#suspects.values()].filter(({ uuid }) => !uuids.has(uuid))
    for (const suspect of gone) this.#clear(suspect)
    if (gone.length > 0) this.#save()
  }

  #hold(suspect: Suspect): void {
    if (suspect.held) return
    suspect.held = true
    if (suspect.reported) return
    suspect.reported = true
    this.#observer.domainStuck({ uuid: suspect.uuid, name: suspect.name })
  }

  #clear(suspect: Suspect): void {
    if (this.#suspects.get(suspect.uuid) !== suspect) return
    this.#suspects.delete(suspect.uuid)
    if (suspect.reported) this.#observer.domainRecovered({ uuid: suspect.uuid, name: suspect.name })
  }

  #save(): void {
    this.#store.save([...this.#suspects.values()].map(({ uuid, name }) => ({ uuid, name })))
  }
}
