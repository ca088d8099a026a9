import type { StatsColumns } from '#node-libvirt'
import { exactInteger, type Volume } from '../../sample/volume.js'
import type { DiskStats, MemoryStats, PerfStats, VnicStats } from '../inspector.js'

type Filling<T> = { -readonly [Key in keyof T]?: T[Key] }

export type DiskFigures = Filling<Omit<DiskStats, 'device'>>
export type VnicFigures = Filling<Omit<VnicStats, 'description'>>

/** A `block.N` or `net.N`. */
export interface Device<F> {
  /** The name of its target in the XML. */
  name?: string
  readonly figures: F
}

export interface VcpuFigures {
  timeNs?: Volume
  waitNs?: Volume
}

/** What libvirt said about one domain, before it is matched with the domain's XML. */
export interface DomainFigures {
  state?: number
  stateReason?: number
  /** cpu.time, ns. */
  cpuTimeNs?: Volume
  /** vcpu.current. */
  vcpus?: number
  /** vcpu.maximum. */
  vcpusMaximum?: number
  /** By number; an offline vCPU has no entry. */
  readonly vcpuFigures: Map<number, VcpuFigures>
  readonly memory: Filling<MemoryStats>
  readonly perf: Filling<PerfStats>
  readonly blocks: Map<number, Device<DiskFigures>>
  readonly nets: Map<number, Device<VnicFigures>>
}

export interface StatsRow {
  readonly uuid: string
  readonly name: string
  readonly id: number | undefined
  readonly figures: DomainFigures
}

type Put = (figures: DomainFigures, value: Volume, text: string) => void

const vnicFields: Readonly<Record<string, keyof VnicFigures>> = {
  'rx.bytes': 'rxBytes',
  'rx.pkts': 'rxPackets',
  'rx.errs': 'rxErrors',
  'rx.drop': 'rxDrops',
  'tx.bytes': 'txBytes',
  'tx.pkts': 'txPackets',
  'tx.errs': 'txErrors',
  'tx.drop': 'txDrops',
}

const diskFields: Readonly<Record<string, keyof DiskFigures>> = {
  'rd.reqs': 'readRequests',
  'rd.bytes': 'readBytes',
  'rd.times': 'readTimeNs',
  'wr.reqs': 'writeRequests',
  'wr.bytes': 'writeBytes',
  'wr.times': 'writeTimeNs',
  capacity: 'capacityBytes',
  allocation: 'allocationBytes',
  physical: 'physicalBytes',
}

const memoryFields: Readonly<Record<string, keyof MemoryStats>> = {
  current: 'actualKiB',
  available: 'availableKiB',
  usable: 'usableKiB',
  unused: 'unusedKiB',
  rss: 'rssKiB',
  swap_in: 'swapInKiB',
  swap_out: 'swapOutKiB',
  maximum: 'maximumKiB',
}

const perfFields: Readonly<Record<string, keyof PerfStats>> = {
  cpu_cycles: 'cpuCycles',
  instructions: 'instructions',
  cache_references: 'cacheReferences',
  cache_misses: 'cacheMisses',
  cmt: 'cmtBytes',
  mbmt: 'mbmTotal',
  mbml: 'mbmLocal',
}

const singleFields: Readonly<Record<string, Put>> = {
  'state.state': (figures, value) => {
    figures.state = Number(value)
  },
  'state.reason': (figures, value) => {
    figures.stateReason = Number(value)
  },
  'cpu.time': (figures, value) => {
    figures.cpuTimeNs = value
  },
  'vcpu.current': (figures, value) => {
    figures.vcpus = Number(value)
  },
  'vcpu.maximum': (figures, value) => {
    figures.vcpusMaximum = Number(value)
  },
}

/** One record for each domain of the answer. */
export function decodeStats(columns: StatsColumns): readonly StatsRow[] {
  return [...decodeEach(columns)]
}

/** The same, domain by domain. Each field name is read once, however many domains have it. */
export function* decodeEach(columns: StatsColumns): Generator<StatsRow> {
  const puts = columns.fields.map(fieldPut)
  for (const [row, uuid] of columns.uuids.entries()) {
    const figures = emptyFigures()
    const end = columns.rowStart[row + 1] ?? 0
    for (let entry = columns.rowStart[row] ?? end; entry < end; entry += 1) {
      puts[columns.field[entry] ?? -1]?.(figures, numberAt(columns, entry), textAt(columns, entry))
    }
    const id = columns.ids[row] ?? -1
    yield { uuid, name: columns.names[row] ?? '', id: id < 0 ? undefined : id, figures }
  }
}

export function emptyFigures(): DomainFigures {
  return { vcpuFigures: new Map(), memory: {}, perf: {}, blocks: new Map(), nets: new Map() }
}

/** What to do with a field, for example `net.0.rx.bytes`; undefined for one that no meter needs. */
function fieldPut(field: string): Put | undefined {
  const single = Object.hasOwn(singleFields, field) ? singleFields[field] : undefined
  if (single !== undefined) return single
  const [group = '', ...rest] = field.split('.')
  const key = rest.join('.')
  if (group === 'balloon') return memoryPut(key)
  if (group === 'perf') return perfPut(key)
  const index = Number(rest[0])
  if (!Number.isSafeInteger(index)) return undefined
  const part = rest.slice(1).join('.')
  if (group === 'net') return vnicPut(index, part)
  if (group === 'block') return diskPut(index, part)
  return group === 'vcpu' ? vcpuPut(index, part) : undefined
}

function memoryPut(key: string): Put | undefined {
  const into = Object.hasOwn(memoryFields, key) ? memoryFields[key] : undefined
  return (
    into &&
    ((figures, value) => {
      figures.memory[into] = Number(value)
    })
  )
}

function perfPut(key: string): Put | undefined {
  const into = Object.hasOwn(perfFields, key) ? perfFields[key] : undefined
  return (
    into &&
    ((figures, value) => {
      figures.perf[into] = value
    })
  )
}

function vcpuPut(index: number, part: string): Put | undefined {
  const into = part === 'time' ? 'timeNs' : part === 'wait' ? 'waitNs' : undefined
  if (into === undefined) return undefined
  return ({ vcpuFigures }, value) => {
    const vcpu = vcpuFigures.get(index) ?? {}
    vcpu[into] = value
    vcpuFigures.set(index, vcpu)
  }
}

/** For fields of a numbered device: its name, and the counters of a table. */
function devicePut<F extends object>(
  devices: (figures: DomainFigures) => Map<number, Device<F>>,
  fields: Readonly<Record<string, keyof F>>,
): (index: number, part: string) => Put | undefined {
  const at = (figures: DomainFigures, index: number): Device<F> => {
    const device = devices(figures).get(index) ?? { figures: {} as F }
    devices(figures).set(index, device)
    return device
  }
  return (index, part) => {
    if (part === 'name') {
      return (figures, _, text) => {
        at(figures, index).name = text
      }
    }
    const into = Object.hasOwn(fields, part) ? fields[part] : undefined
    return into && ((figures, value) => Object.assign(at(figures, index).figures, { [into]: known(value) }))
  }
}

const vnicPut = devicePut(({ nets }) => nets, vnicFields)
const diskPut = devicePut(({ blocks }) => blocks, diskFields)

/** A counter, or undefined for libvirt's -1: the driver does not know. */
export function known(value: Volume): Volume | undefined {
  return value < 0 ? undefined : value
}

/** virTypedParameterType. */
const types = { int: 1, llong: 3, double: 5, string: 7 }

function numberAt({ type, value }: StatsColumns, entry: number): Volume {
  const bits = value[entry] ?? 0n
  const kind = type[entry]
  if (kind === types.string) return 0
  if (kind === types.double) return new Float64Array(new BigUint64Array([bits]).buffer)[0] ?? 0
  return exactInteger(kind === types.int || kind === types.llong ? BigInt.asIntN(64, bits) : bits)
}

function textAt({ type, value, strings }: StatsColumns, entry: number): string {
  return type[entry] === types.string ? (strings[Number(value[entry])] ?? '') : ''
}
