/** Keeps, across restarts of the agent, which monitor-bound calls were out. */
export interface CallStore {
  /** The domains of each call that was out when the last process ended, by UUID. */
  load(): readonly (readonly string[])[]
  /** Must not throw, and must be done when it returns. */
  save(calls: readonly (readonly string[])[]): void
}

/** Forgets them with the process. */
export const forgetfulStore: CallStore = { load: () => [], save: () => undefined }

/** One monitor-bound call, from before it is made. */
export interface RecordedCall {
  /** libvirt answered it. */
  returned(): void
  /** Its connection ended, so that libvirtd may be at it still. */
  orphaned(): void
}

/**
 * A call that hangs keeps its worker of libvirtd when its connection ends and when this process is killed, so the limit
 * of hung calls is kept by this journal:
 *
 * 1. Each monitor-bound call is written to the store before it is made. What was answered is struck off with the next
 *    writing; more than was out is harmless.
 * 2. Calls that the store holds at the start, and calls whose connection ended without the daemon's end, are orphans:
 *    they count as hanging until the contrary is seen.
 * 3. Before a cycle makes monitor-bound calls, it asks for the domains of orphans whether somebody waits for their
 *    monitor (virDomainGetControlInfo, which asks none). A call that hangs waits for the monitor of exactly one of its
 *    domains. So an orphan none of whose domains is waited for has ended, and there hang no more of them than domains
 *    that are waited for.
 * 4. The daemon's end is the end of all its calls.
 */
export class CallJournal {
  readonly #store: CallStore
  readonly #out = new Set<readonly string[]>()
  #orphans: (readonly string[])[]
  #presumed: number

  constructor(store: CallStore) {
    this.#store = store
    this.#orphans = [...store.load()]
    this.#presumed = this.#orphans.length
  }

  /** How many calls hang in libvirtd that are not out here, as far as is known. */
  get orphans(): number {
    return this.#presumed
  }

  /** The domains that may be what an orphan hangs on. */
  get orphanDomains(): ReadonlySet<string> {
    return new Set(this.#orphans.flat())
  }

  /** To be called right before a call about these domains is made. */
  begin(uuids: readonly string[]): RecordedCall {
    const record = [...uuids]
    this.#out.add(record)
    this.#store.save([...this.#out, ...this.#orphans])
    return {
      returned: () => void this.#out.delete(record),
      orphaned: () => {
        if (!this.#out.delete(record)) return
        this.#orphans.push(record)
        this.#presumed += 1
      },
    }
  }

  /** `waitedFor`: those of `orphanDomains` whose monitor somebody waits for. */
  settle(waitedFor: ReadonlySet<string>): void {
    this.#orphans = this.#orphans.filter((uuids) => uuids.some((uuid) => waitedFor.has(uuid)))
    this.#presumed = Math.min(this.#orphans.length, waitedFor.size)
  }

  daemonEnded(): void {
    this.#out.clear()
    this.#orphans = []
    this.#presumed = 0
  }
}
