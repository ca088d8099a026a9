import type { KnownNames } from '../../../src/config/source.js'

const meters = [
  ...['cpu', 'cpu_l3_cache', 'vcpus', 'power.state', 'perf.cpu.cycles', 'perf.cache.misses'],
  ...['memory', 'memory.available', 'memory.usage', 'memory.resident', 'memory.swap.in', 'memory.swap.out'],
  ...['disk.device.read.bytes', 'disk.device.read.requests', 'disk.device.write.bytes'],
  ...['disk.device.write.requests', 'disk.device.capacity', 'disk.root.size'],
  ...['network.incoming.bytes', 'network.incoming.packets', 'network.outgoing.bytes'],
  ...['network.outgoing.packets', 'network.outgoing.bytes.delta'],
]

const computed = ['cpu_util', 'network.incoming.bytes.rate', 'disk.device.iops']

/** An agent with enough meters for the cases. */
export const knownNames: KnownNames = {
  meters: [
    ...meters.map((meter) => ({ meter, computed: false })),
    ...computed.map((meter) => ({ meter, computed: true })),
  ],
  computedMeters: false,
  discoveries: ['local_instances', 'local_node'],
  scheduleTimezone: 'Europe/Paris',
}
