import { join } from 'node:path'
import type { Source } from '../config/options.js'
import { AgentError } from '../errors.js'
import { loadBinding } from '../inspector/libvirt/binding.js'
import type { CallStore } from '../inspector/libvirt/call-journal.js'
import { createCallRecordFile } from '../inspector/libvirt/call-record-file.js'
import type { Logger } from '../observe/log.js'
import { createMetrics, type Metrics, type MetricSources } from '../observe/metrics.js'
import type { PollingObserver } from '../polling/report.js'
import { findAbandoned, type AbandonedOutbox } from '../publish/abandoned-outboxes.js'
import { systemClock, type Clock } from '../schedule/clock.js'
import type { Configuration } from './configuration.js'
import { configInfo } from './config-info.js'
import { createCycleRecord, readBootId, type CycleRecord } from './cycle-record.js'
import { tellAbandoned, tellGaps } from './earlier-runs.js'
import { createHealthRecord, type HealthRecord } from './health.js'
import {
  observeDestination,
  observeInspector,
  observeOutbox,
  observePolling,
  type ObserverParts,
} from './observers.js'
import { diskOutboxes } from './outboxes.js'
import { buildPollingAgent, type PollingAgent, type PollingAgentParts } from './polling.js'
import { tryDestinations } from './readiness.js'
import { openStatusEndpoint, type StatusEndpoint } from './status-endpoint.js'

/** A cycle that runs when the agent is asked to stop may go on for so long; its samples are then given up. */
const cycleGraceMs = 1500
/** What delivering the rest may take after that. Together well below 5 s. */
const deliveryGraceMs = 2000

export interface RunningAgent {
  /** No further cycle begins; the running one ends, what is queued is delivered, within about four seconds. */
  stop(): void
  readonly stopped: Promise<void>
  reload(sources: readonly Source[]): void
  /** A reload was asked for and its file was bad. */
  reloadRefused(): void
}

export interface AgentParts {
  readonly configuration: Configuration
  readonly sources: readonly Source[]
  readonly log: Logger
  readonly version: string
  readonly runtimeFolder?: string | undefined
}

/** Builds the daemon and starts it. Rejects with a ConfigError when another agent holds its outbox. */
export async function startAgent(parts: AgentParts): Promise<RunningAgent> {
  const { log } = parts
  const { options } = parts.configuration
  const started = systemClock.now()
  const binding = await loadBinding()
  let sources = parts.sources
  const health = createHealthRecord({ clock: systemClock, sources: () => sources })
  const observers: ObserverParts = { log, health, metrics: () => metrics }
  const inUse = new Set<string>()
  let abandoned: readonly AbandonedOutbox[] = []
  const record = recordCycles(parts)
  const metrics = metricsOf(
    () => agent,
    parts,
    binding.versions().libvirt,
    () => abandoned,
  )
  const agent = await buildPollingAgent(options, {
    ...agentParts(parts, observers, inUse),
    ...{ binding, sources, pollingObserver: recorded(observePolling(observers), record) },
  })
  const status = await openStatus(parts, metrics, health)
  void findAbandoned(options.outbox.directory, inUse).then((found) => {
    abandoned = found
    tellAbandoned(found, log)
  })
  void tellGaps(record.gaps(sources, started), observers)
  record.polls(sources, started)
  return {
    ...run(agent, { status, clock: systemClock, log, record }),
    ...reloading({ agent, health, record, metrics }, (next) => (sources = next)),
  }
}

interface ReloadParts {
  readonly agent: PollingAgent
  readonly health: HealthRecord
  readonly record: CycleRecord
  readonly metrics: Metrics
}

function reloading(
  { agent, health, record, metrics }: ReloadParts,
  setSources: (next: readonly Source[]) => void,
): Pick<RunningAgent, 'reload' | 'reloadRefused'> {
  return {
    reload(next) {
      setSources(next)
      health.reloaded()
      record.polls(next, systemClock.now())
      agent.manager.reload(next)
      metrics.reloaded('applied')
    },
    reloadRefused() {
      metrics.reloaded('refused')
    },
  }
}

type GivenParts = Omit<PollingAgentParts, 'binding' | 'sources' | 'pollingObserver'>

/** @param inUse gathers the folders of the outboxes that are opened. */
function agentParts(parts: AgentParts, observers: ObserverParts, inUse: Set<string>): GivenParts {
  const { log, version, configuration } = parts
  const { options, pollsters } = configuration
  return {
    ...{ clock: systemClock, version, pollsters },
    ...{ inspectorObserver: observeInspector(observers), calls: recordCalls(parts) },
    logOf: (meter) => log.child({ meter }),
    observe: (name) => observeDestination(name, observers),
    openOutbox: diskOutboxes(options, {
      ...{ clock: systemClock, random: Math.random, pid: process.pid },
      observe: (directory) => {
        inUse.add(directory)
        return observeOutbox(directory, observers)
      },
      onRejected: ({ error, ...where }) => {
        log.error({ ...where, err: error }, 'notification set aside')
      },
    }),
    logSample: (line, message) => {
      log.info(line, message)
    },
  }
}

/** Beside the outbox, not in it, when there is no runtime folder: so each agent has its own. */
function recordPath({ configuration, runtimeFolder }: AgentParts, name: string): string {
  const beside = `${configuration.options.outbox.directory}.${name}`
  return runtimeFolder === undefined ? beside : join(runtimeFolder, name)
}

function recordCalls(parts: AgentParts): CallStore {
  return createCallRecordFile(recordPath(parts, 'calls.jsonl'), (error) => {
    parts.log.warn({ err: error }, 'libvirt calls cannot be recorded; after a restart more of them may hang')
  })
}

function recordCycles(parts: AgentParts): CycleRecord {
  return createCycleRecord({
    path: recordPath(parts, 'cycles.json'),
    host: parts.configuration.options.host,
    bootId: readBootId(),
    onUnwritable: (error) => {
      parts.log.warn({ err: error }, 'cycles cannot be recorded; a restart will not know what it missed')
    },
  })
}

function recorded(observer: PollingObserver, record: CycleRecord): PollingObserver {
  return {
    ...observer,
    cycleFinished(report) {
      observer.cycleFinished(report)
      record.finished(report)
    },
  }
}

/** The agent is asked for when the metrics are read, and not before there is one. */
function metricsOf(
  agent: () => PollingAgent,
  { version, configuration }: AgentParts,
  libvirt: number,
  abandoned: MetricSources['abandoned'],
): Metrics {
  return createMetrics({
    outbox: () => agent().publishing.figures(),
    hungCalls: () => agent().inspector.hungCalls,
    abandoned,
    buildInfo: { version, node: process.version, libvirt: versionText(libvirt) },
    configInfo: configInfo(configuration.options),
  })
}

/** libvirt's `major * 1,000,000 + minor * 1,000 + release`. */
function versionText(version: number): string {
  return [Math.floor(version / 1e6), Math.floor(version / 1e3) % 1e3, version % 1e3].join('.')
}

async function openStatus(
  { configuration: { options }, log }: AgentParts,
  metrics: Metrics,
  health: HealthRecord,
): Promise<StatusEndpoint | undefined> {
  if (options.http === null) return undefined
  const pages = {
    contentType: metrics.contentType,
    metrics: () => metrics.render(),
    health: () => health.read(),
  }
  return openStatusEndpoint({ ...options.http, ...pages }, { clock: systemClock, log })
}

interface RunParts {
  readonly status: StatusEndpoint | undefined
  readonly clock: Clock
  readonly log: Logger
  readonly record: CycleRecord
}

function run(agent: PollingAgent, parts: RunParts): Pick<RunningAgent, 'stop' | 'stopped'> {
  const { status, clock, record } = parts
  const givingUp = new AbortController()
  const trying = new AbortController()
  let grace: NodeJS.Timeout | undefined
  void tryDestinations(agent.publishing.publishers, { clock, random: Math.random }, trying.signal)
  const stopped = (async () => {
    await agent.manager.run(givingUp.signal)
    clearTimeout(grace)
    trying.abort()
    const delivered = AbortSignal.timeout(deliveryGraceMs)
    await agent.publishing.close(delivered)
    await record.settled(delivered)
    await agent.inspector.close()
    await status?.close()
    tellLost(agent, parts)
  })()
  return {
    stopped,
    stop() {
      agent.manager.stop()
      grace ??= setTimeout(() => {
        givingUp.abort(new AgentError('STOPPED', 'the agent is stopping'))
      }, cycleGraceMs)
    },
  }
}

function tellLost(agent: PollingAgent, { clock, log }: RunParts): void {
  for (const { name: destination, dropped } of agent.publishing.figures().destinations) {
    const { samples } = dropped.stopped
    if (samples > 0)
      log.warn(
        { destination, samples, at: new Date(clock.now().wallMs) },
        'samples lost: not delivered in time',
      )
  }
}
