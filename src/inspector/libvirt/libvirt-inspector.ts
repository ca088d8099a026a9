import { ConnectionError } from '../../errors.js'
import type { Clock } from '../../schedule/clock.js'
import { createTurns, type Turns } from '../../schedule/turns.js'
import type { Inspection, InspectionRequest, Inspector, Survey } from '../inspector.js'
import type { LibvirtBinding } from './binding.js'
import { BulkReader } from './bulk-reader.js'
import { CallGate } from './call-gate.js'
import { CallJournal, type CallStore, forgetfulStore } from './call-journal.js'
import { Catalog } from './catalog.js'
import { Caller } from './caller.js'
import { Connector, type Session } from './connection.js'
import { CpuDefinitions } from './cpu-time.js'
import { connectionFailure } from './errors.js'
import { Failures } from './failures.js'
import { type InspectionDeps, notFound, takeLooks } from './inspection.js'
import type { ListedDomain } from './listing.js'
import type { InspectorObserver } from './observer.js'
import { monitorWaits } from './monitor-waits.js'
import { Roster } from './roster.js'
import { SilentDomains } from './silent-domains.js'
import { StuckDomains } from './stuck-domains.js'

export interface LibvirtInspectorOptions {
  /** A libvirt connection URI, for example `qemu:///system`. */
  readonly uri: string
  readonly callTimeoutSeconds: number
  /** libvirt calls out at a time, hung ones included. All but one may be waiting for a monitor, three at most. */
  readonly maxCalls: number
  /** `exact`: disk sizes by virDomainGetBlockInfo, a call a disk. `bulk`: as the bulk statistics define them. */
  readonly diskInfo: 'exact' | 'bulk'
  /** Within this time the XML of every domain is read again, changed or not. */
  readonly xmlRefreshSeconds: number
}

export interface LibvirtInspectorDeps {
  readonly binding: LibvirtBinding
  readonly options: LibvirtInspectorOptions
  readonly clock: Clock
  readonly observer: InspectorObserver
  /** Default: calls that hang are forgotten with the process. */
  readonly calls?: CallStore
}

export interface LibvirtInspector extends Inspector {
  /** Calls that hang in libvirtd, those of earlier processes included. */
  readonly hungCalls: number
}

/** A command that is out for so long, on a domain that an earlier call may hang on, is taken for that call's. */
const longCommandMs = 1000

interface Listing {
  readonly caller: Caller
  readonly listed: readonly ListedDomain[]
}

/** Connects to nothing yet: the first survey does. */
export function createLibvirtInspector(deps: LibvirtInspectorDeps): LibvirtInspector {
  return new ConnectedInspector(deps)
}

class ConnectedInspector implements LibvirtInspector {
  readonly #uri: string
  readonly #gate: CallGate
  readonly #journal: CallJournal
  readonly #connector: Connector
  readonly #parts: InspectionDeps
  readonly #unreadable: Failures
  readonly #roster: Roster
  readonly #silent = new SilentDomains()

  constructor({ binding, options, clock, observer, calls = forgetfulStore }: LibvirtInspectorDeps) {
    const journal = new CallJournal(calls, () => clock.now().monotonicSeconds)
    const gate = new CallGate(options, { clock, observer, orphans: () => journal.orphans })
    const stuckDomains = new StuckDomains(observer)
    const catalog = new Catalog({ clock, xmlRefreshSeconds: options.xmlRefreshSeconds })
    const { uri, callTimeoutSeconds } = options
    const reader = new BulkReader({ gate, clock, stuckDomains, callTimeoutSeconds })
    const onEvent = catalog.onEvent.bind(catalog)
    this.#uri = uri
    this.#gate = gate
    this.#journal = journal
    this.#roster = new Roster(stuckDomains)
    this.#connector = new Connector({ uri, binding, gate, clock, observer, onEvent })
    this.#unreadable = new Failures(observer)
    this.#parts = {
      clock,
      failures: new Failures(observer),
      options,
      stuckDomains,
      catalog,
      cpu: new CpuDefinitions(),
      reader,
    }
  }

  get hungCalls(): number {
    return this.#gate.hung
  }

  async survey(signal: AbortSignal): Promise<Survey> {
    const before = this.#gate.made
    const turns = createTurns(this.#parts.clock, signal)
    const { caller, listed } = await this.#list(signal, turns)
    const takenAt = this.#parts.clock.now()
    this.#forgetAllBut(listed)
    if (turns.areDue()) await turns.give()
    const found = await this.#parts.catalog.describe(caller, { listed, turns })
    for (const { error, ...domain } of found.unreadable) this.#unreadable.failed(domain, error)
    for (const domain of found.domains) this.#unreadable.succeeded(domain)
    return { takenAt, ...found, calls: this.#gate.made - before }
  }

  async inspect(request: InspectionRequest, signal: AbortSignal): Promise<Inspection> {
    const before = this.#gate.made
    const caller = this.#caller(await this.#connector.use(signal), signal)
    await this.#settleOrphans(caller, request)
    const turns = createTurns(this.#parts.clock, signal)
    const looks = await takeLooks(caller, this.#parts, { ...request, turns })
    return { look: (uuid) => looks.get(uuid) ?? notFound, calls: this.#gate.made - before }
  }

  /** See CallJournal. */
  async #settleOrphans(caller: Caller, { domains }: InspectionRequest): Promise<void> {
    const suspects = this.#journal.orphanDomains
    if (suspects.size === 0) return
    const running = domains.filter(({ uuid, id }) => id !== undefined && suspects.has(uuid))
    const waits = await monitorWaits(
      caller,
      running.map(({ uuid }) => uuid),
    )
    const seconds = new Map<string, number | undefined>()
    for (const { uuid } of running.filter((domain) => this.#silent.has(domain))) seconds.set(uuid, undefined)
    for (const [uuid, { commandMs }] of waits) seconds.set(uuid, commandMs && commandMs / 1000)
    this.#journal.settle(seconds)
    for (const domain of running) {
      const { commandMs = 0 } = waits.get(domain.uuid) ?? {}
      if (commandMs >= longCommandMs) this.#parts.stuckDomains.found(domain)
    }
  }

  close(): Promise<void> {
    return this.#connector.close()
  }

  #caller(session: Session, signal: AbortSignal): Caller {
    const { silent, journal } = { silent: this.#silent, journal: this.#journal }
    return new Caller(session, { connector: this.#connector, gate: this.#gate, journal, silent, signal })
  }

  /** A connection that ended unnoticed since the last cycle is replaced at once, one time. */
  async #list(signal: AbortSignal, turns: Turns): Promise<Listing> {
    const used = this.#connector.session
    const caller = this.#caller(await this.#connector.use(signal), signal)
    try {
      return { caller, listed: await this.#roster.read(caller, turns) }
    } catch (cause) {
      signal.throwIfAborted()
      if (cause instanceof ConnectionError && cause.code !== 'LIBVIRT_TIMEOUT' && caller.session === used)
        return this.#list(signal, turns)
      const error = connectionFailure(this.#uri, cause)
      this.#connector.drop(caller.session, error)
      throw error
    }
  }

  #forgetAllBut(listed: readonly ListedDomain[]): void {
    const all = new Set(listed.map(({ uuid }) => uuid))
    const running = new Set(listed.filter(({ id }) => id !== undefined).map(({ uuid }) => uuid))
    this.#parts.stuckDomains.keepOnly(running)
    this.#parts.reader.keepOnly(running)
    this.#parts.cpu.keepOnly(running)
    this.#parts.failures.keepOnly(all)
    this.#unreadable.keepOnly(all)
  }
}
