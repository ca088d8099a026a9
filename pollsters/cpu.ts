import { instanceMeter, instanceRate, type PollsterModule } from 'virtpoll/pollster'

export default {
  apiVersion: 1,
  pollsters: [
    instanceMeter({
      meter: 'cpu',
      type: 'cumulative',
      unit: 'ns',
      number: 'int',
      needs: ['cpu', 'vcpu'],
      description: 'CPU time used since the domain started, time spent waiting for a host CPU included',
      volume: (look) => look.cpuNs,
      metadata: (look) => ({ cpu_number: look.vcpus ?? null }),
    }),
    instanceMeter({
      meter: 'vcpus',
      type: 'gauge',
      unit: 'vcpu',
      number: 'int',
      needs: ['vcpu'],
      whenStopped: true,
      description: 'vCPUs in use',
      volume: (look) => look.vcpus,
    }),
    /*
     * Not cut off at 100: the hypervisor reads its counters a moment before or after the time of the look, so a busy
     * domain is now a little above and now a little below, and cutting only the one would falsify the mean.
     */
    instanceRate({
      meter: 'cpu_util',
      unit: '%',
      needs: ['cpu', 'vcpu'],
      computed: true,
      description: 'mean use of the vCPUs between two looks; 100 is all of them busy, waiting not counted',
      counters: (look) => [look.cpuRunNs],
      basis: (look) => look.vcpus,
      volume: ([ranNs = 0], seconds, { vcpus = 0 }) =>
        vcpus > 0 ? (100 * ranNs) / (seconds * vcpus * 1e9) : undefined,
    }),
  ],
} satisfies PollsterModule
