/** Keeps, across restarts of the agent, which calls were out that may hang. */
export interface CallStore {
  /** The domains of each call that was out when the last process ended, by UUID; none: a call that waits for a lock. */
  load(): readonly (readonly string[])[]
  /** Must not throw, and must be done when it returns. */
  save(calls: readonly (readonly string[])[]): void
}

/** So long after the last call that waits for a lock was orphaned, one listing is made in spite of the limit. */
const lockPatienceSeconds = 60

/** The calls that wait for a lock: about no domain in particular. */
export const lockCall: readonly string[] = []

/** Forgets them with the process. */
export const forgetfulStore: CallStore = { load: () => [], save: () => undefined }

/** One call that may hang, from before it is made. */
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
 * 1. Each monitor-bound call is written to the store before it is made, those of a row about single domains all at once.
 *    What was answered is struck off with the next writing; more than was out is harmless.
 * 2. Calls that the store holds at the start, and calls whose connection ended, are orphans: they count as hanging until
 *    the contrary is seen.
 * 3. Before a cycle makes monitor-bound calls, it asks for the domains of orphans whether somebody waits for their
 *    monitor (virDomainGetControlInfo, which asks none). A call that hangs waits for the monitor of exactly one of its
 *    domains. So an orphan none of whose domains is waited for has ended, and there hang no more of them than domains
 *    that are waited for.
 * 4. A connection that ends does not say whether the daemon has ended, and with it all its calls, or has only hung up.
 *    A wait that began after an orphan was orphaned is somebody else's: a daemon that starts waits for the monitors of
 *    its domains by itself.
 * 5. Listings, and questions to single domains that hang, wait for the lock of a domain, nobody can say of which, and
 *    asking would cost another hung call. They are kept without domains, and have ended when a listing answers, for that
 *    takes every lock. While there are several and the limit is reached, no listing is made for a while
 *    (`lockPatienceSeconds`). What was answered is struck off at once, for nothing else shows that it was.
 */
export class CallJournal {
  readonly #store: CallStore
  readonly #now: () => number
  readonly #out = new Set<readonly string[]>()
  #announced: { readonly uuids: ReadonlySet<string>; readonly atOnce: number } = {
    uuids: new Set(),
    atOnce: 0,
  }
  #orphans: readonly Orphan[]
  #lockOrphans: readonly Orphan[]
  #presumed: number

  /** `now`: monotonic, seconds. */
  constructor(store: CallStore, now: () => number) {
    this.#store = store
    this.#now = now
    const since = now()
    const loaded = store.load().map((uuids) => ({ uuids, since }))
    this.#orphans = loaded.filter((orphan) => !isLockCall(orphan))
    this.#lockOrphans = loaded.filter(isLockCall)
    this.#presumed = this.#orphans.length
  }

  /** How many calls hang in libvirtd that are not out here, as far as is known. */
  get orphans(): number {
    return this.#presumed + this.#lockOrphans.length
  }

  /** The domains that may be what an orphan hangs on. */
  get orphanDomains(): ReadonlySet<string> {
    return new Set(this.#orphans.flatMap(({ uuids }) => uuids))
  }

  /**
   * Whether a listing may be made while so many calls hang, orphans included, of the most that may. One orphan that waits
   * for a lock does not forbid it: it may well have been answered in the moment in which its process was killed.
   */
  mayList(hung: number, limit: number): boolean {
    if (this.#lockOrphans.length < 2 || hung < limit) return true
    const last = Math.max(...this.#lockOrphans.map(({ since }) => since))
    return this.#now() - last >= lockPatienceSeconds
  }

  /** A listing answered, so nothing waits for a lock. */
  listed(): void {
    if (this.#lockOrphans.length === 0) return
    this.#lockOrphans = []
    this.#save()
  }

  /**
   * Calls about one each of these domains are about to be made, `atOnce` at a time: that many calls about any of them are
   * written down now, and not again before each, until `work` is done.
   */
  async announce<T>(uuids: Iterable<string>, atOnce: number, work: () => Promise<T>): Promise<T> {
    this.#announced = { uuids: new Set(uuids), atOnce }
    if (this.#announced.uuids.size > 0) this.#save()
    try {
      return await work()
    } finally {
      this.#announced = { uuids: new Set(), atOnce: 0 }
    }
  }

  /** To be called right before a call about these domains is made. */
  begin(uuids: readonly string[]): RecordedCall {
    const record = [...uuids]
    this.#out.add(record)
    if (!this.#isAnnounced(record)) this.#save()
    return {
      returned: () => {
        this.#out.delete(record)
        if (record.length === 0) this.#save()
      },
      orphaned: () => {
        if (this.#out.delete(record)) this.#orphaned({ uuids: record, since: this.#now() })
      },
    }
  }

  #save(): void {
    const orphans = [...this.#orphans, ...this.#lockOrphans]
    const { uuids: any, atOnce } = this.#announced
    const announced = Array.from({ length: any.size === 0 ? 0 : Math.min(atOnce, any.size) }, () => [...any])
    const out = [...this.#out].filter((record) => !this.#isAnnounced(record))
    this.#store.save([...out, ...announced, ...orphans.map(({ uuids }) => uuids)])
  }

  #isAnnounced(record: readonly string[]): boolean {
    const [uuid, ...others] = record
    return uuid !== undefined && others.length === 0 && this.#announced.uuids.has(uuid)
  }

  #orphaned(orphan: Orphan): void {
    if (isLockCall(orphan)) {
      this.#lockOrphans = [...this.#lockOrphans, orphan]
    } else {
      this.#orphans = [...this.#orphans, orphan]
      this.#presumed += 1
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

const isLockCall = ({ uuids }: Orphan): boolean => uuids.length === 0
