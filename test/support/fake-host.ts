import type {
  BlockInfo,
  BlockStats,
  DomainEvent,
  DomainInfo,
  InterfaceStats,
  NodeInfo,
  TypedParameters,
} from '#node-libvirt'
import { parseEntries, type StatsRow } from './domstats.js'
import type { FakeConnection } from './fake-connection.js'

/** A domain of the fake host. Change it between calls as you like. */
export interface FakeDomain {
  uuid: string
  name: string
  /** -1 for a domain that is not active. */
  id: number
  /** A virDomainState. @default 1 for an id above 0, else 5 */
  state?: number
  /** @default 1 */
  reason?: number
  /** @default an XML with name and uuid */
  xml?: string
  /** Lines as `virsh domstats` prints them; groups that were not asked for are left out. */
  stats?: string
  info?: DomainInfo
  /** By virDomainMemoryStatTags number. */
  memory?: Readonly<Record<number, bigint>>
  interfaces?: Readonly<Record<string, InterfaceStats>>
  blocks?: Readonly<Record<string, BlockStats>>
  blockParameters?: Readonly<Record<string, TypedParameters>>
  blockInfos?: Readonly<Record<string, BlockInfo>>
  /** By namespace URI. */
  metadata?: Readonly<Record<string, string>>
  /**
   * QEMU does not answer: the first call that needs its monitor hangs and holds the domain's job; while it is held,
   * bulk calls with NOWAIT give only what needs no monitor, and other calls that need it hang too.
   */
  stuck?: boolean
  /** How long its monitor has been waited for, if it is. @default a minute */
  waitedForMs?: bigint
  /** Somebody keeps its lock: calls about it hang, and so do listings of all domains. */
  locked?: boolean
}

/** A call as the host saw it. */
export interface FakeCall {
  /** Of the binding, for example `domainXml`. */
  readonly method: string
  /** Of libvirt, for example `virDomainGetXMLDesc`. */
  readonly call: string
  /** Domains that it is about; empty for all. */
  readonly uuids: readonly string[]
  readonly args: readonly unknown[]
}

export interface FakeHostOptions {
  readonly domains?: readonly FakeDomain[]
  /** URIs that open. @default ['qemu:///system'] */
  readonly uris?: readonly string[]
  /** @default QEMU */
  readonly hypervisorType?: string
  readonly nodeInfo?: NodeInfo
  /** virDomainStatsTypes that the driver gives in bulk. @default all */
  readonly bulkGroups?: number
  /** Whether block statistics and block info exist. @default true */
  readonly blockCalls?: boolean
  /** Awaited before a call answers: throw a FakeLibvirtError to fail it, return `never()` to let it hang. */
  readonly script?: (call: FakeCall) => Promise<void> | undefined
}

const nowait = 0x20000000
const groupBits: Readonly<Record<string, number>> = {
  state: 1,
  cpu: 2,
  balloon: 4,
  vcpu: 8,
  net: 16,
  block: 32,
  perf: 64,
  iothread: 128,
  memory: 256,
  dirtyrate: 512,
  vm: 1024,
}
const needMonitor = 0b1010_1110
/** What is left of a domain whose job somebody else holds. */
const needsNoMonitor = /^(state\.|cpu\.|vcpu\.|net\.|perf\.|block\.(count|\d+\.(name|path|backingIndex))$)/

const defaultNode: NodeInfo = {
  model: 'x86_64',
  memoryKiB: 3_145_728n,
  cpus: 16,
  mhz: 1400,
  nodes: 2,
  sockets: 2,
  cores: 2,
  threads: 2,
}

export class FakeHost {
  readonly domains: FakeDomain[]
  readonly uris: readonly string[]
  readonly hypervisorType: string
  readonly nodeInfo: NodeInfo
  readonly bulkGroups: number
  readonly blockCalls: boolean
  readonly connections = new Set<FakeConnection>()
  /** Every call since the start, in order. */
  readonly calls: FakeCall[] = []
  /** May be replaced at any time. */
  script: ((call: FakeCall) => Promise<void> | undefined) | undefined
  callsOut = 0
  readonly #jobs = new Set<string>()
  readonly #waiting: (() => void)[] = []

  constructor(options: FakeHostOptions) {
    this.domains = [...(options.domains ?? [])]
    this.uris = options.uris ?? ['qemu:///system']
    this.hypervisorType = options.hypervisorType ?? 'QEMU'
    this.nodeInfo = options.nodeInfo ?? defaultNode
    this.bulkGroups = options.bulkGroups ?? 0xffff
    this.blockCalls = options.blockCalls ?? true
    this.script = options.script
  }

  /** Records the call, lets the script have its way, answers. */
  async run<T>(call: FakeCall, answer: () => T | Promise<T>): Promise<T> {
    this.calls.push(call)
    this.callsOut += 1
    try {
      await this.script?.(call)
      await this.#unlocked(call)
      return await answer()
    } finally {
      this.callsOut -= 1
    }
  }

  /** Lets the domains answer again, and with them the calls that hang on them. */
  unstick(...uuids: readonly string[]): void {
    for (const domain of this.domains) if (uuids.includes(domain.uuid)) domain.stuck = false
    for (const goOn of this.#waiting.splice(0)) goOn()
  }

  /** Lets go of the lock, and lets the calls that wait for it go on. */
  unlock(...uuids: readonly string[]): void {
    for (const domain of this.domains) if (uuids.includes(domain.uuid)) domain.locked = false
    for (const goOn of this.#waiting.splice(0)) goOn()
  }

  /** Ends every connection as if the daemon had died. Reason: 0 error, 1 end of file, 2 keepalive. */
  endConnections(reason = 1): void {
    for (const connection of this.connections) connection.end(reason)
  }

  /** The daemon ends, and with it all that it waits for. */
  endDaemon(): void {
    this.#jobs.clear()
    this.endConnections()
  }

  emit(event: DomainEvent): void {
    for (const connection of this.connections) connection.deliver(event)
  }

  /** The row of a domain in a bulk answer; waits as long as libvirt would. */
  async row(domain: FakeDomain, stats: number, flags: number): Promise<StatsRow> {
    const groups = (stats === 0 ? 0xffff : stats) & this.bulkGroups
    const asksMonitor = (groups & needMonitor) !== 0
    const skipped = asksMonitor && (flags & nowait) !== 0 && this.#jobs.has(domain.uuid)
    if (asksMonitor && !skipped) await this.monitor(domain)
    const entries = parseEntries(domain.stats ?? '').filter(([field]) => {
      const bit = groupBits[field.split('.', 1)[0]!] ?? 0
      return (bit & groups) !== 0 && (!skipped || needsNoMonitor.test(field))
    })
    return { uuid: domain.uuid, name: domain.name, id: domain.id, entries }
  }

  async #unlocked({ method, uuids }: FakeCall): Promise<void> {
    const isAbout = (domain: FakeDomain) =>
      method === 'allDomainStats' || method === 'listDomains' || uuids.includes(domain.uuid)
    while (this.domains.some((domain) => domain.locked === true && isAbout(domain)))
      await new Promise<void>((goOn) => this.#waiting.push(goOn))
  }

  /** Whether a call waits for the domain's monitor. */
  isWaitedFor({ uuid }: FakeDomain): boolean {
    return this.#jobs.has(uuid)
  }

  /** Resolves when the domain's monitor has answered. */
  async monitor(domain: FakeDomain): Promise<void> {
    const holdsJob = !this.#jobs.has(domain.uuid)
    if (holdsJob) this.#jobs.add(domain.uuid)
    try {
      while (domain.stuck === true) await new Promise<void>((goOn) => this.#waiting.push(goOn))
    } finally {
      if (holdsJob) this.#jobs.delete(domain.uuid)
    }
  }
}
