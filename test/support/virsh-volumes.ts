import { floatValue, isWireFloat, type WireValue } from '../../src/sample/wire-value.js'
import type { LabDomain } from './lab.js'
import { dommemstat, domblkinfo, domblkstat, domifstat, domstats, virsh, type Figures } from './virsh.js'
import { parseWireObject } from './wire-parser.js'

/** An int of the wire is a bigint, a float a number. */
export type Exact = bigint | number

/** Volumes by `meter resource_id`. */
export type Volumes = ReadonlyMap<string, Exact>

/** A sample as `--format jsonl` prints it; numbers keep what Python would see. */
export interface WireSample {
  readonly counter_name: string
  readonly counter_type: string
  readonly counter_volume: WireValue
  readonly resource_id: string
  readonly resource_metadata: Readonly<Record<string, WireValue>>
}

/** The lines of `--format jsonl`. */
export function parseSamples(jsonl: string): WireSample[] {
  return jsonl
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => parseWireObject(line) as unknown as WireSample)
}

/** Throws when two samples have the same meter and resource. */
export function volumesOf(samples: readonly WireSample[]): Volumes {
  const volumes = new Map<string, Exact>()
  for (const { counter_name: meter, resource_id: resource, counter_volume: volume } of samples) {
    const key = `${meter} ${resource}`
    if (volumes.has(key)) throw new Error(`two samples of ${key}`)
    volumes.set(key, exact(volume))
  }
  return volumes
}

function exact(volume: WireValue): Exact {
  if (typeof volume === 'number' || typeof volume === 'bigint') return BigInt(volume)
  if (isWireFloat(volume)) return floatValue(volume)
  throw new Error(`no volume: ${JSON.stringify(volume)}`)
}

type Stats = ReadonlyMap<string, string>
type Figure<T> = (from: T) => Exact | undefined

const mebibytes =
  (name: string): Figure<Figures> =>
  (memory) =>
    memory.has(name) ? Number(memory.get(name)) / 1024 : undefined

const used: Figure<Figures> = (memory) => {
  const [available, usable] = [memory.get('available'), memory.get('usable')]
  return available === undefined || usable === undefined ? undefined : Number(available - usable) / 1024
}

const memoryMeters: Readonly<Record<string, Figure<Figures>>> = {
  'memory.available': mebibytes('available'),
  'memory.usage': used,
  'memory.resident': mebibytes('rss'),
  'memory.swap.in': mebibytes('swap_in'),
  'memory.swap.out': mebibytes('swap_out'),
}

const integer = (stats: Stats, field: string): bigint => BigInt(stats.get(field) ?? '')

const cpuMeters: Readonly<Record<string, Figure<Stats>>> = {
  'power.state': (stats) => integer(stats, 'state.state'),
  vcpus: (stats) => integer(stats, 'vcpu.current'),
  cpu: (stats) =>
    [...stats.keys()]
      .filter((field) => /^vcpu\.\d+\.(time|wait)$/.test(field))
      .reduce((sum, field) => sum + integer(stats, field), 0n),
}

const larger = (one: bigint, other: bigint): bigint => (one < other ? other : one)
const figure =
  (name: string): Figure<Figures> =>
  (figures) =>
    figures.get(name)

/** Of domblkstat and domblkinfo together. */
const diskMeters: Readonly<Record<string, Figure<Figures>>> = {
  'disk.device.read.requests': figure('rd_req'),
  'disk.device.read.bytes': figure('rd_bytes'),
  'disk.device.read.latency': figure('rd_total_times'),
  'disk.device.write.requests': figure('wr_req'),
  'disk.device.write.bytes': figure('wr_bytes'),
  'disk.device.write.latency': figure('wr_total_times'),
  'disk.device.capacity': (disk) => larger(disk.get('Capacity') ?? -1n, disk.get('Physical') ?? -1n),
  'disk.device.allocation': figure('Allocation'),
  'disk.device.usage': figure('Physical'),
}

/** Of domifstat; what is `delta` is 0 at first sight. */
const vnicMeters: Readonly<Record<string, Figure<Figures>>> = {
  'network.incoming.bytes': figure('rx_bytes'),
  'network.incoming.packets': figure('rx_packets'),
  'network.incoming.packets.drop': figure('rx_drop'),
  'network.incoming.packets.error': figure('rx_errs'),
  'network.incoming.bytes.delta': () => 0n,
  'network.outgoing.bytes': figure('tx_bytes'),
  'network.outgoing.packets': figure('tx_packets'),
  'network.outgoing.packets.drop': figure('tx_drop'),
  'network.outgoing.packets.error': figure('tx_errs'),
  'network.outgoing.bytes.delta': () => 0n,
}

/** `virsh dominfo`, because dommemstat has no `actual` for a domain without a balloon. */
async function usedMemoryKiB(name: string): Promise<number> {
  return Number(/^Used memory:\s+(\d+) KiB$/m.exec(await virsh(['dominfo', name]))?.[1])
}

/** The words of each line that virsh prints. */
export async function virshTable(args: readonly string[]): Promise<string[][]> {
  return (await virsh(args))
    .split('\n')
    .map((line) => line.trim().split(/\s{2,}/))
    .filter(([first]) => first !== '')
}

/**
 * What virsh prints of a running domain, as the volumes its samples must have: every meter that virsh has a figure
 * for. The flavor's sizes are Nova's and not among them, nor are computed meters.
 */
export async function virshVolumes({ name, uuid, spec }: LabDomain): Promise<Volumes> {
  const volumes = new Map<string, Exact>()
  const put = <T>(meters: Readonly<Record<string, Figure<T>>>, from: T, resource: string): void => {
    for (const [meter, read] of Object.entries(meters)) {
      const volume = read(from)
      if (volume !== undefined) volumes.set(`${meter} ${resource}`, volume)
    }
  }
  put(cpuMeters, await domstats(name), uuid)
  volumes.set(`memory ${uuid}`, (await usedMemoryKiB(name)) / 1024)
  put(memoryMeters, await dommemstat(name), uuid)
  for (const [disk = '', source = '-'] of await virshTable(['domblklist', name])) {
    if (source === '-') continue
    const figures = [...(await domblkstat(name, disk)), ...(await domblkinfo(name, disk))]
    put(diskMeters, new Map(figures), `${uuid}-${disk}`)
  }
  const vnics = await virshTable(['domiflist', name])
  for (const [index, [tap = '']] of vnics.entries()) {
    const filter = spec.vnics?.[index]?.filterref?.name
    put(vnicMeters, await domifstat(name, tap), filter ?? `${name}-${uuid}-${tap}`)
  }
  return volumes
}
