import { instanceMeter, type PerfStats, type PollsterModule } from 'virtpoll/pollster'

interface PerfRow {
  readonly meter: string
  readonly unit: string
  readonly description: string
  /** libvirt's name of the perf event. */
  readonly event: string
  readonly figure: keyof PerfStats
}

/** The names of the CPU events are as operators know them; bandwidth and cache need a CPU with monitoring. */
const rows: readonly PerfRow[] = [
  { meter: 'perf.cpu.cycles', unit: '', event: 'cpu_cycles', figure: 'cpuCycles', description: 'CPU cycles' },
  {
    meter: 'perf.instructions',
    unit: '',
    event: 'instructions',
    figure: 'instructions',
    description: 'instructions carried out',
  },
  {
    meter: 'perf.cache.references',
    unit: '',
    event: 'cache_references',
    figure: 'cacheReferences',
    description: 'look-ups in the CPU cache',
  },
  {
    meter: 'perf.cache.misses',
    unit: '',
    event: 'cache_misses',
    figure: 'cacheMisses',
    description: 'look-ups that the CPU cache could not answer',
  },
  {
    meter: 'cpu_l3_cache',
    unit: 'B',
    event: 'cmt',
    figure: 'cmtBytes',
    description: 'level-3 cache that the instance occupies',
  },
  {
    meter: 'memory.bandwidth.total',
    unit: 'B/s',
    event: 'mbmt',
    figure: 'mbmTotal',
    description: 'memory traffic of the instance, local and remote',
  },
  {
    meter: 'memory.bandwidth.local',
    unit: 'B/s',
    event: 'mbml',
    figure: 'mbmLocal',
    description: 'memory traffic of the instance within its NUMA node',
  },
]

export default {
  apiVersion: 1,
  pollsters: rows.map(({ event, figure, ...row }) =>
    instanceMeter({
      ...row,
      type: 'gauge',
      number: 'int',
      needs: ['perf'],
      whenAbsent: `the perf event ${event} is not enabled for this domain (virsh perf DOMAIN --enable ${event}; Nova: enabled_perf_events)`,
      volume: (look) => look.perf[figure],
    }),
  ),
} satisfies PollsterModule
