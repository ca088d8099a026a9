import type { AgentOptions, Source } from '../config/options.js'
import type { Discovery, Resource } from '../discovery/discovery.js'
import { localInstances } from '../discovery/local-instances.js'
import { localNode } from '../discovery/local-node.js'
import type { LibvirtBinding } from '../inspector/libvirt/binding.js'
import type { CallStore } from '../inspector/libvirt/call-journal.js'
import { createLibvirtInspector, type LibvirtInspector } from '../inspector/libvirt/libvirt-inspector.js'
import type { InspectorObserver } from '../inspector/libvirt/observer.js'
import type { CycleParts } from '../polling/cycle.js'
import { createDeltaMemory } from '../polling/delta-memory.js'
import { createPollingManager, type PollingManager } from '../polling/manager.js'
import type { PollingObserver } from '../polling/report.js'
import type { Pollster, PollsterLog } from '../pollster/pollster.js'
import { createUuidSource } from '../sample/uuid.js'
import type { Clock } from '../schedule/clock.js'
import { buildPublishing, type Publishing, type PublishingParts } from './publishing.js'

/** What one asynchronous pollster may take for all its resources in one cycle. */
const pollsterSeconds = 10

export interface HostParts {
  readonly clock: Clock
  readonly binding: LibvirtBinding
  readonly inspectorObserver: InspectorObserver
  /** Default: calls that hang are forgotten with the process. */
  readonly calls?: CallStore
  readonly logOf: (meter: string) => PollsterLog
}

/** This host as a cycle sees it. */
export interface Host extends CycleParts {
  readonly inspector: LibvirtInspector
}

/** Builds what every cycle works with. Connects to nothing yet. */
export function buildHost(options: AgentOptions, parts: HostParts): Host {
  const { clock, binding, inspectorObserver, calls, logOf } = parts
  const inspector = createLibvirtInspector({
    ...{ binding, clock, observer: inspectorObserver },
    ...(calls && { calls }),
    options: { ...options.libvirt, xmlRefreshSeconds: options.discovery.xmlRefreshSeconds },
  })
  const reportStopped = options.polling.reportStoppedInstances
  const discoveries = new Map(buildDiscoveries(options).map((discovery) => [discovery.name, discovery]))
  const kept = { memory: createDeltaMemory(), lastFound: new Map<string, readonly Resource[]>() }
  return {
    discoveries,
    inspector,
    clock,
    ...kept,
    reportStopped,
    pollsterSeconds,
    newId: createUuidSource(),
    logOf,
  }
}

function buildDiscoveries({ host, samples, discovery }: AgentOptions): Discovery[] {
  const { source } = samples
  return [localInstances({ host, source, unmanaged: discovery.unmanaged }), localNode({ host, source })]
}

export interface PollingAgentParts extends HostParts, PublishingParts {
  readonly pollsters: readonly Pollster[]
  readonly sources: readonly Source[]
  readonly pollingObserver: PollingObserver
}

/** The daemon's inside, built and not started. */
export interface PollingAgent {
  readonly manager: PollingManager
  readonly inspector: LibvirtInspector
  readonly publishing: Publishing
}

/** Builds every room from checked options and joins them. Rejects with what opening an outbox is rejected with. */
export async function buildPollingAgent(
  options: AgentOptions,
  parts: PollingAgentParts,
): Promise<PollingAgent> {
  const publishing = await buildPublishing(options, parts)
  const host = buildHost(options, parts)
  const manager = createPollingManager({
    ...host,
    ...{ sources: parts.sources, pollsters: parts.pollsters, observer: parts.pollingObserver },
    ...{ computedMeters: options.polling.computedMeters, notifier: publishing.notifier, host: options.host },
  })
  return { manager, inspector: host.inspector, publishing }
}
