import type { MetricSources } from '../../src/observe/metrics.js'

/** What metrics read of an agent that has done nothing yet. */
export const noFigures: MetricSources = {
  outbox: () => ({
    ...{ queuedNotifications: 0, storedNotifications: 0, queuedBytes: 0, destinations: [] },
  }),
  abandoned: () => [],
  hungCalls: () => 0,
  buildInfo: { version: '', node: '', libvirt: '' },
  configInfo: {},
}
