import type { MeterType, NumberKind } from '../../../src/pollster/index.js'

/** One meter of the original: name, type, unit, int or float, and what it makes a sample of. */
export type Row = readonly [
  meter: string,
  type: MeterType,
  unit: string,
  number: NumberKind,
  per: 'instance' | 'disk' | 'vnic',
]

/** The meters of current ceilometer (units of 2026), and those of the Yoga release that it dropped. */
export const originalMeters: readonly Row[] = [
  ['power.state', 'gauge', '', 'int', 'instance'],
  ['cpu', 'cumulative', 'ns', 'int', 'instance'],
  ['vcpus', 'gauge', 'vcpu', 'int', 'instance'],
  ['cpu_l3_cache', 'gauge', 'B', 'int', 'instance'],
  ['memory', 'gauge', 'MiB', 'float', 'instance'],
  ['memory.available', 'gauge', 'MiB', 'float', 'instance'],
  ['memory.usage', 'gauge', 'MiB', 'float', 'instance'],
  ['memory.resident', 'gauge', 'MiB', 'float', 'instance'],
  ['memory.swap.in', 'cumulative', 'MiB', 'float', 'instance'],
  ['memory.swap.out', 'cumulative', 'MiB', 'float', 'instance'],
  ['memory.bandwidth.total', 'gauge', 'B/s', 'int', 'instance'],
  ['memory.bandwidth.local', 'gauge', 'B/s', 'int', 'instance'],
  ['perf.cpu.cycles', 'gauge', '', 'int', 'instance'],
  ['perf.instructions', 'gauge', '', 'int', 'instance'],
  ['perf.cache.references', 'gauge', '', 'int', 'instance'],
  ['perf.cache.misses', 'gauge', '', 'int', 'instance'],
  ['disk.device.read.requests', 'cumulative', 'request', 'int', 'disk'],
  ['disk.device.read.bytes', 'cumulative', 'B', 'int', 'disk'],
  ['disk.device.write.requests', 'cumulative', 'request', 'int', 'disk'],
  ['disk.device.write.bytes', 'cumulative', 'B', 'int', 'disk'],
  ['disk.device.read.latency', 'cumulative', 'ns', 'int', 'disk'],
  ['disk.device.write.latency', 'cumulative', 'ns', 'int', 'disk'],
  ['disk.device.capacity', 'gauge', 'B', 'int', 'disk'],
  ['disk.device.allocation', 'gauge', 'B', 'int', 'disk'],
  ['disk.device.usage', 'gauge', 'B', 'int', 'disk'],
  ['disk.root.size', 'gauge', 'GiB', 'int', 'instance'],
  ['disk.ephemeral.size', 'gauge', 'GiB', 'int', 'instance'],
  ['network.incoming.bytes', 'cumulative', 'B', 'int', 'vnic'],
  ['network.incoming.packets', 'cumulative', 'packet', 'int', 'vnic'],
  ['network.incoming.packets.error', 'cumulative', 'packet', 'int', 'vnic'],
  ['network.incoming.packets.drop', 'cumulative', 'packet', 'int', 'vnic'],
  ['network.outgoing.bytes', 'cumulative', 'B', 'int', 'vnic'],
  ['network.outgoing.packets', 'cumulative', 'packet', 'int', 'vnic'],
  ['network.outgoing.packets.error', 'cumulative', 'packet', 'int', 'vnic'],
  ['network.outgoing.packets.drop', 'cumulative', 'packet', 'int', 'vnic'],
  ['network.incoming.bytes.delta', 'delta', 'B', 'int', 'vnic'],
  ['network.outgoing.bytes.delta', 'delta', 'B', 'int', 'vnic'],
]

/** Listed by the original and never computed there, so their numbers are ours to choose. */
export const computedMeters: readonly Row[] = [
  ['cpu_util', 'gauge', '%', 'float', 'instance'],
  ['disk.device.iops', 'gauge', 'count/s', 'float', 'disk'],
  ['disk.device.latency', 'gauge', 'ms', 'float', 'disk'],
  ['network.incoming.bytes.rate', 'gauge', 'B/s', 'float', 'vnic'],
  ['network.outgoing.bytes.rate', 'gauge', 'B/s', 'float', 'vnic'],
]
