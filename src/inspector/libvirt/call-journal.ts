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
 * 2. Calls that the store holds at the start, and calls whose connection ended, are orphans: they count as hanging until
 *    the contrary is seen.
 * 3. Before a cycle makes monitor-bound calls, it asks for the domains of orphans whether somebody waits for their
 *    monitor (virDomainGetControlInfo, which asks none). A call that hangs waits for the monitor of exactly one of its
 *    domains. So an orphan none of whose domains is waited for has ended, and there hang no more of them than domains
 *    that are waited for.
 * 4. A connection that ends does not say whether the daemon has ended, and with it all its calls, or has only hung up.
 *    A wait that began after an orphan was orphaned is somebody else's: a daemon that starts waits for the monitors of
 *    its domains by itself.
 */
export class CallJournal {
  readonly #store: CallStore
  readonly #now: () => number
  readonly #out = new Set<readonly string[]>()
  #orphans: readonly Orphan[]
  #presumed: number

  /** `now`: monotonic, seconds. */
  constructor(store: CallStore, now: () => number) {
    this.#store = store
    this.#now = now
    const since = now()
    this.#orphans = store.load().map((uuids) => ({ uuids, since }))
    this.#presumed = this.#orphans.length
  }

  /** How many calls hang in libvirtd that are not out here, as far as is known. */
  get orphans(): number {
    return this.#presumed
  }

  /** The domains that may be what an orphan hangs on. */
  get orphanDomains(): ReadonlySet<string> {
    return new Set(this.#orphans.flatMap(({ uuids }) => uuids))
  }

  /** To be called right before a call about these domains is made. */
  begin(uuids: readonly string[]): RecordedCall {
    const record = [...uuids]
    this.#out.add(record)
    this.#store.save([...this.#out, ...this.#orphans.map((orphan) => orphan.uuids)])
    return {
      returned: () => void this.#out.delete(record),
      orphaned: () => {
        if (!this.#out.delete(record)) return
        this.#orphans = [...this.#orphans, { uuids: record, since: this.#now() }]
        this.#presumed += 1
      },
    }
  }

  /** `waitedSeconds`: for those of `orphanDomains` whose monitor somebody waits for, how long; undefined: unknown. */
  settle(waitedSeconds: ReadonlyMap<string, number | undefined>): void {
    const now = this.#now()
    const holding = new Set<string>()
    this.#orphans = this.#orphans.filter(({ uuids, since }) => {
      const held = uuids.filter(
        (uuid) => waitedSeconds.has(uuid) && (waitedSeconds.get(uuid) ?? Infinity) >= now - since,
      )
      for (const uuid of held) holding.add(uuid)
      return held.length > 0
    })
    this.#presumed = Math.min(this.#orphans.length, holding.size)
  }
}

/** The domains of a call that is not out here any more, and since when it is not: monotonic, seconds. */
interface Orphan {
  readonly uuids: readonly string[]
  readonly since: number
}
