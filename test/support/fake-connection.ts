import type {
  BlockInfo,
  BlockStats,
  Connection,
  DomainEvent,
  DomainEventKind,
  DomainList,
  InterfaceStats,
  StatsColumns,
  TypedParameters,
} from '#node-libvirt'
import { columnsOf } from './domstats.js'
import type { FakeDomain, FakeHost } from './fake-host.js'
import {
  connectionClosed,
  connectionLost,
  domainNotFound,
  invalidArgument,
  noMetadata,
  notRunning,
  unsupported,
} from './fake-libvirt-errors.js'

interface CallShape {
  readonly method: keyof Connection
  readonly call: string
  readonly uuids?: readonly string[]
  readonly args?: readonly unknown[]
}

interface DomainCallShape {
  readonly method: keyof Connection
  readonly call: string
  readonly uuid: string
  readonly args?: readonly unknown[]
}

export class FakeConnection implements Connection {
  readonly uri: string
  open = true
  readonly #host: FakeHost
  readonly #listeners: {
    kinds: readonly DomainEventKind[]
    listener: (event: DomainEvent) => void
  }[] = []
  #onClose: ((reason: number) => void) | undefined
  readonly #ended = new AbortController()
  #callsOut = 0

  constructor(host: FakeHost, uri: string) {
    this.#host = host
    this.uri = uri
    host.connections.add(this)
  }

  /** Ends it from the daemon's side, and with it the calls that are out; the host goes on waiting for its domains. */
  end(reason: number): void {
    if (this.#ended.signal.aborted) return
    this.#ended.abort()
    this.#onClose?.(reason)
  }

  deliver(event: DomainEvent): void {
    for (const { kinds, listener } of this.#listeners) if (kinds.includes(event.kind)) listener(event)
  }

  async #run<T>(shape: CallShape, answer: () => T | Promise<T>): Promise<T> {
    if (!this.open) throw connectionClosed(shape.method, this.uri)
    this.#callsOut += 1
    try {
      const answered = this.#host.run({ uuids: [], args: [], ...shape }, () => {
        if (this.#ended.signal.aborted) throw connectionLost(shape.call)
        return answer()
      })
      return await Promise.race([answered, this.#whenEnded(shape.call)])
    } finally {
      this.#callsOut -= 1
    }
  }

  #whenEnded(call: string): Promise<never> {
    return new Promise((_, reject) => {
      const end = () => {
        reject(connectionLost(call))
      }
      this.#ended.signal.addEventListener('abort', end, { once: true })
    })
  }

  #onDomain<T>(shape: DomainCallShape, answer: (domain: FakeDomain) => T | Promise<T>): Promise<T> {
    const { uuid, ...rest } = shape
    return this.#run({ ...rest, uuids: [uuid] }, () => {
      const domain = this.#host.domains.find((candidate) => candidate.uuid === uuid)
      if (domain === undefined) throw domainNotFound('virDomainLookupByUUIDString', uuid)
      return answer(domain)
    })
  }

  #onRunning<T>(shape: DomainCallShape, answer: (domain: FakeDomain) => T | Promise<T>): Promise<T> {
    return this.#onDomain(shape, (domain) => {
      if (domain.id < 0) throw notRunning(shape.call)
      return answer(domain)
    })
  }

  async #block<T>(domain: FakeDomain, shape: DomainCallShape, figures: Readonly<Record<string, T>> = {}) {
    if (!this.#host.blockCalls) throw unsupported(shape.call)
    await this.#host.monitor(domain)
    const device = String(shape.args?.[0])
    const found = figures[device]
    if (found === undefined) throw invalidArgument(shape.call, `invalid path: ${device}`)
    return found
  }

  close(): Promise<number> {
    if (!this.open) return Promise.reject(connectionClosed('close', this.uri))
    this.open = false
    this.#onClose = undefined
    this.#listeners.length = 0
    this.#host.connections.delete(this)
    return Promise.resolve(this.#callsOut)
  }

  isAlive = () => this.#run({ method: 'isAlive', call: 'virConnectIsAlive' }, () => true).catch(lostIsFalse)

  onClose(listener: (reason: number) => void): Promise<boolean> {
    return this.#run({ method: 'onClose', call: 'virConnectRegisterCloseCallback' }, () => {
      this.#onClose = listener
      return true
    })
  }

  setKeepAlive = () => this.#run({ method: 'setKeepAlive', call: 'virConnectSetKeepAlive' }, () => true)
  hypervisorType = () =>
    this.#run({ method: 'hypervisorType', call: 'virConnectGetType' }, () => this.#host.hypervisorType)
  hypervisorVersion = () =>
    this.#run({ method: 'hypervisorVersion', call: 'virConnectGetVersion' }, () => 7_002_000)
  libvirtVersion = () =>
    this.#run({ method: 'libvirtVersion', call: 'virConnectGetLibVersion' }, () => 9_000_000)
  hostname = () => this.#run({ method: 'hostname', call: 'virConnectGetHostname' }, () => 'fake-host')
  nodeInfo = () => this.#run({ method: 'nodeInfo', call: 'virNodeGetInfo' }, () => this.#host.nodeInfo)

  listDomains(flags: number): Promise<DomainList> {
    const active = 1
    return this.#run({ method: 'listDomains', call: 'virConnectListAllDomains', args: [flags] }, () => {
      const listed = this.#host.domains.filter((domain) => (flags & active) === 0 || domain.id > 0)
      return {
        uuids: listed.map((domain) => domain.uuid),
        names: listed.map((domain) => domain.name),
        ids: Int32Array.from(listed, (domain) => domain.id),
      }
    })
  }

  allDomainStats(stats: number, flags: number): Promise<StatsColumns> {
    const shape = { method: 'allDomainStats', call: 'virConnectGetAllDomainStats' } as const
    return this.#run({ ...shape, args: [stats, flags] }, async () =>
      columnsOf(await inTurn(this.#host.domains.slice(), (domain) => this.#host.row(domain, stats, flags))),
    )
  }

  domainStats(uuids: readonly string[], stats: number, flags: number): Promise<StatsColumns> {
    const shape = { method: 'domainStats', call: 'virDomainListGetStats' } as const
    return this.#run({ ...shape, uuids, args: [stats, flags] }, async () => {
      const known = uuids.flatMap((uuid) => this.#host.domains.filter((domain) => domain.uuid === uuid))
      return columnsOf(await inTurn(known, (domain) => this.#host.row(domain, stats, flags)))
    })
  }

  domainState = (uuid: string) =>
    this.#onDomain({ method: 'domainState', call: 'virDomainGetState', uuid }, (domain) => ({
      state: domain.state ?? (domain.id > 0 ? 1 : 5),
      reason: domain.reason ?? 1,
    }))

  domainInfo = (uuid: string) =>
    this.#onDomain({ method: 'domainInfo', call: 'virDomainGetInfo', uuid }, (domain) => {
      const state = domain.state ?? (domain.id > 0 ? 1 : 5)
      return domain.info ?? { state, maxMemoryKiB: 0n, memoryKiB: 0n, vcpus: 1, cpuTimeNs: 0n }
    })

  domainControlInfo = (uuid: string) =>
    this.#onRunning({ method: 'domainControlInfo', call: 'virDomainGetControlInfo', uuid }, (domain) => ({
      state: this.#host.isWaitedFor(domain) ? 2 : 0,
      details: 0,
      sinceMs: this.#host.isWaitedFor(domain) ? (domain.waitedForMs ?? 60_000n) : 0n,
    }))

  memoryStats = (uuid: string): Promise<ReadonlyMap<number, bigint>> =>
    this.#onRunning({ method: 'memoryStats', call: 'virDomainMemoryStats', uuid }, async (domain) => {
      await this.#host.monitor(domain)
      return new Map(Object.entries(domain.memory ?? {}).map(([tag, value]) => [Number(tag), value]))
    })

  blockStats(uuid: string, device: string): Promise<BlockStats> {
    const shape = { method: 'blockStats', call: 'virDomainBlockStats', uuid, args: [device] } as const
    return this.#onRunning(shape, (domain) => this.#block(domain, shape, domain.blocks))
  }

  blockStatsParameters(uuid: string, device: string): Promise<TypedParameters> {
    const call = 'virDomainBlockStatsFlags'
    const shape = { method: 'blockStatsParameters', call, uuid, args: [device] } as const
    return this.#onRunning(shape, (domain) => this.#block(domain, shape, domain.blockParameters))
  }

  blockInfo(uuid: string, device: string): Promise<BlockInfo> {
    const shape = { method: 'blockInfo', call: 'virDomainGetBlockInfo', uuid, args: [device] } as const
    return this.#onDomain(shape, (domain) => this.#block(domain, shape, domain.blockInfos))
  }

  interfaceStats(uuid: string, device: string): Promise<InterfaceStats> {
    const shape = { method: 'interfaceStats', call: 'virDomainInterfaceStats', uuid, args: [device] } as const
    return this.#onRunning(shape, (domain) => {
      const figures = domain.interfaces?.[device]
      if (figures !== undefined) return figures
      throw invalidArgument(shape.call, `invalid path, '${device}' is not a known interface`)
    })
  }

  domainXml = (uuid: string, flags: number) =>
    this.#onDomain(
      { method: 'domainXml', call: 'virDomainGetXMLDesc', uuid, args: [flags] },
      (domain) =>
        domain.xml ?? `<domain type='kvm'><name>${domain.name}</name><uuid>${domain.uuid}</uuid></domain>`,
    )

  domainMetadata(uuid: string, type: number, namespaceUri: string | null, flags: number): Promise<string> {
    const shape = { method: 'domainMetadata', call: 'virDomainGetMetadata', uuid } as const
    return this.#onDomain({ ...shape, args: [type, namespaceUri, flags] }, (domain) => {
      const element = domain.metadata?.[namespaceUri ?? '']
      if (element === undefined) throw noMetadata(shape.call)
      return element
    })
  }

  onDomainEvent(
    kinds: readonly DomainEventKind[],
    listener: (event: DomainEvent) => void,
  ): Promise<readonly DomainEventKind[]> {
    const shape = { method: 'onDomainEvent', call: 'virConnectDomainEventRegisterAny' } as const
    return this.#run({ ...shape, args: [kinds] }, () => {
      this.#listeners.push({ kinds, listener })
      return [...kinds]
    })
  }
}

const lostIsFalse = (error: unknown): boolean => {
  if (error instanceof Error && 'libvirtCode' in error && error.libvirtCode === 1) return false
  throw error
}

/** libvirt collects one domain after the other, so a stuck one holds up those behind it. */
async function inTurn<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (const item of items) results.push(await work(item))
  return results
}
