/**
 * libvirt for Node: read-only connections, statistics, XML and events.
 *
 * Calls run on the binding's own threads, never on libuv's pool, so a call that hangs blocks neither another call nor
 * the event loop nor the end of the process. There are no deadlines in here and a call cannot be cancelled: whoever
 * gives up waiting leaves the call where it is. Figures cross as libvirt gives them; what they mean is for the caller.
 */

/** How every rejected promise of the binding looks. */
export interface LibvirtError extends Error {
  /** A virErrorNumber, for example 42 VIR_ERR_NO_DOMAIN; 0 when the binding itself refused (a closed connection). */
  readonly libvirtCode: number
  /** A virErrorDomain: the part of libvirt that failed. */
  readonly libvirtDomain: number
  /** A virErrorLevel. */
  readonly libvirtLevel: number
  /** The errno of a system error (code 38), for example 13 EACCES; 0 when there is none. */
  readonly systemError: number
  /** The libvirt function that failed; for code 0 the method of this binding. */
  readonly call: string
}

/** The addon or libvirt's shared library cannot be loaded; the message says what is missing and what to install. */
export interface BindingLoadError extends Error {
  readonly code: 'ERR_LIBVIRT_BINDING'
}

/** Numbers as `major * 1,000,000 + minor * 1,000 + release`. */
export interface Versions {
  /** Version of this package. */
  readonly binding: string
  /** The libvirt library loaded now. */
  readonly libvirt: number
  /** The libvirt headers it was built with. */
  readonly built: number
}

/** What the binding holds in this process. */
export interface Activity {
  /** Threads for calls, idle ones included. */
  readonly threads: number
  /** Calls that have been handed to a thread and have not returned, hung ones included. */
  readonly callsOut: number
  /** Connections open or still being closed. */
  readonly connections: number
}

/** Throws a BindingLoadError when the addon cannot be loaded. */
export function versions(): Versions
/** Throws a BindingLoadError when the addon cannot be loaded. */
export function activity(): Activity

/**
 * Opens a read-only connection. Rejects with a LibvirtError, or with a BindingLoadError when the addon cannot be
 * loaded: importing this module loads nothing. Starts libvirt's event loop, once a process. The connection lasts until
 * `close` or the end of its thread; by itself it does not keep the process alive, calls that are out do.
 */
export function openReadOnly(uri: string): Promise<Connection>

/** True for an error that a libvirt call, or a call on a closed connection, was rejected with. */
export function isLibvirtError(error: unknown): error is LibvirtError

/** True for the error of an addon or a libvirt that cannot be loaded. */
export function isBindingLoadError(error: unknown): error is BindingLoadError

/** Rows are domains, in the order libvirt gave them. */
export interface DomainList {
  readonly uuids: readonly string[]
  readonly names: readonly string[]
  /** libvirt's id of the running domain, -1 for one that is not active. */
  readonly ids: Int32Array
}

/**
 * Bulk statistics by columns. Rows are domains; the values of row r are the entries rowStart[r] up to
 * rowStart[r + 1] of field, type and value.
 */
export interface StatsColumns extends DomainList {
  /** Field names, each once, for example `net.0.rx.bytes`. */
  readonly fields: readonly string[]
  /** String values, each entry of a string type points here. */
  readonly strings: readonly string[]
  readonly rowStart: Uint32Array
  /** Index into fields. */
  readonly field: Uint32Array
  /** A virTypedParameterType: 1 int, 2 uint, 3 llong, 4 ullong, 5 double, 6 boolean, 7 string. */
  readonly type: Uint8Array
  /** Raw 64 bits, signed ones sign-extended; for a double its bits; for a string the index into strings. */
  readonly value: BigUint64Array
}

/** Named values of one call; signed figures are signed. */
export type TypedParameters = Readonly<Record<string, bigint | number | boolean | string>>

/** virDomainInfo. */
export interface DomainInfo {
  /** A virDomainState. */
  readonly state: number
  readonly maxMemoryKiB: bigint
  readonly memoryKiB: bigint
  readonly vcpus: number
  readonly cpuTimeNs: bigint
}

export interface DomainState {
  /** A virDomainState. */
  readonly state: number
  /** What belongs to the state: virDomainRunningReason, virDomainPausedReason, … */
  readonly reason: number
}

/** virDomainControlInfo: whether somebody waits for the domain's monitor. libvirt answers it without asking the monitor. */
export interface DomainControlInfo {
  /** A virDomainControlState: 0 free, 1 a background job runs, 2 a monitor command is out, 3 the monitor is lost. */
  readonly state: number
  /** For state 3 a virDomainControlErrorReason, else 0. */
  readonly details: number
  /** How long state 1 or 2 has lasted, ms. */
  readonly sinceMs: bigint
}

/** virDomainBlockStatsStruct; -1 where the driver does not know. */
export interface BlockStats {
  readonly readRequests: bigint
  readonly readBytes: bigint
  readonly writeRequests: bigint
  readonly writeBytes: bigint
  readonly errors: bigint
}

/** virDomainBlockInfo, bytes. */
export interface BlockInfo {
  readonly capacity: bigint
  readonly allocation: bigint
  readonly physical: bigint
}

/** virDomainInterfaceStatsStruct; -1 where the driver does not know. */
export interface InterfaceStats {
  readonly rxBytes: bigint
  readonly rxPackets: bigint
  readonly rxErrors: bigint
  readonly rxDrops: bigint
  readonly txBytes: bigint
  readonly txPackets: bigint
  readonly txErrors: bigint
  readonly txDrops: bigint
}

/** virNodeInfo. */
export interface NodeInfo {
  readonly model: string
  readonly memoryKiB: bigint
  readonly cpus: number
  readonly mhz: number
  readonly nodes: number
  readonly sockets: number
  readonly cores: number
  readonly threads: number
}

/** The kinds of event that `onDomainEvent` subscribes to. */
export type DomainEventKind =
  'lifecycle' | 'metadata-change' | 'device-added' | 'device-removed' | 'tray-change' | 'disk-change'

export interface DomainEvent {
  readonly kind: DomainEventKind
  readonly uuid: string
  readonly name: string
  /** lifecycle: virDomainEventType; metadata-change: virDomainMetadataType; tray- and disk-change: the reason; else -1. */
  readonly event: number
  /** lifecycle: the detail that belongs to the event; else -1. */
  readonly detail: number
  /** Device alias, metadata namespace URI, or empty. */
  readonly subject: string
}

/**
 * A connection: to the daemon, one for callbacks and one for each call that is out at the same time, so that no call
 * waits for another (native/README.md says why). Every method rejects with a LibvirtError, for a wrong argument with a
 * TypeError. Methods that take a `uuid` use the reference that the last listing gave, else they look the domain up; a
 * domain that is gone rejects with code 42.
 */
export interface Connection {
  readonly uri: string
  /** False from the moment `close` is called. */
  readonly open: boolean
  /**
   * Unregisters callbacks, drops the references to domains, closes. Resolves with the references to the connection
   * that libvirt still counts: 0 when it is really gone; more while calls hang on it, and then the last of them to
   * return ends it. Waits for no call that is out, but taking leave of the daemon is itself a call: give it a deadline.
   * Calls that were made before and have not begun yet are refused.
   */
  close(): Promise<number>
  /** A local check: whether libvirt holds the connection for alive. */
  isAlive(): Promise<boolean>
  /**
   * Registers the one listener for the end of the connection. Reason: 0 error, 1 end of file, 2 keepalive, 3 client.
   * It is called at most once, and never for `close`. False: this driver never tells.
   */
  onClose(listener: (reason: number) => void): Promise<boolean>
  /** Pings after that many idle seconds; the connection ends after `count` pings without an answer. False: not supported. */
  setKeepAlive(intervalSeconds: number, count: number): Promise<boolean>

  /** The driver's name, for example `QEMU` or `Test`. */
  hypervisorType(): Promise<string>
  hypervisorVersion(): Promise<number>
  /** The version of the libvirt daemon. */
  libvirtVersion(): Promise<number>
  hostname(): Promise<string>
  nodeInfo(): Promise<NodeInfo>

  /** virConnectListAllDomains. flags: virConnectListAllDomainsFlags, 0 for all domains. Renews the references. */
  listDomains(flags: number): Promise<DomainList>
  /** virConnectGetAllDomainStats. stats: virDomainStatsTypes. Renews the references when no domain flag filters. */
  allDomainStats(stats: number, flags: number): Promise<StatsColumns>
  /** virDomainListGetStats. A domain that is gone has no row. */
  domainStats(uuids: readonly string[], stats: number, flags: number): Promise<StatsColumns>

  domainState(uuid: string): Promise<DomainState>
  domainInfo(uuid: string): Promise<DomainInfo>
  domainControlInfo(uuid: string): Promise<DomainControlInfo>
  /** virDomainMemoryStats: figures by virDomainMemoryStatTags number, KiB (faults and times in their own units). */
  memoryStats(uuid: string): Promise<ReadonlyMap<number, bigint>>
  blockStats(uuid: string, device: string): Promise<BlockStats>
  blockStatsParameters(uuid: string, device: string): Promise<TypedParameters>
  blockInfo(uuid: string, device: string): Promise<BlockInfo>
  interfaceStats(uuid: string, device: string): Promise<InterfaceStats>
  /** flags: virDomainXMLFlags. */
  domainXml(uuid: string, flags: number): Promise<string>
  /** virDomainGetMetadata. type: virDomainMetadataType, 2 for an element; `namespaceUri` names it. */
  domainMetadata(uuid: string, type: number, namespaceUri: string | null, flags: number): Promise<string>

  /**
   * Calls `listener` for each event of those kinds until the connection closes. Resolves with the kinds that this
   * driver supports. Events are queued without bound only while JavaScript is busy.
   */
  onDomainEvent(
    kinds: readonly DomainEventKind[],
    listener: (event: DomainEvent) => void,
  ): Promise<readonly DomainEventKind[]>
}
