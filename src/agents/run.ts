import { join } from 'node:path'
import type { AgentOptions, Schedule, Source } from '../config/options.js'
import { AgentError, ConfigError } from '../errors.js'
import { loadBinding } from '../inspector/libvirt/binding.js'
import type { CallStore } from '../inspector/libvirt/call-journal.js'
import { createCallRecordFile } from '../inspector/libvirt/call-record-file.js'
import type { Logger } from '../observe/log.js'
import { createMetrics, type Metrics } from '../observe/metrics.js'
import { startStatusServer, type StatusServer } from '../observe/status-server.js'
import { systemClock, type Clock } from '../schedule/clock.js'
import type { Configuration } from './configuration.js'
import { createHealthRecord, type HealthRecord } from './health.js'
import {
  observeDestination,
  observeInspector,
  observeOutbox,
  observePolling,
  type ObserverParts,
} from './observers.js'
import { diskOutboxes } from './outboxes.js'
import { buildPollingAgent, type PollingAgent } from './polling.js'

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

/**
 * Builds the daemon and starts it. Rejects with a ConfigError when another agent holds its outbox or its HTTP endpoint
 * cannot listen.
 */
export async function startAgent(parts: AgentParts): Promise<RunningAgent> {
  const { log, version, configuration } = parts
  const { options, pollsters } = configuration
  const binding = await loadBinding()
  let sources = parts.sources
  const health = createHealthRecord({ clock: systemClock, patienceSeconds: () => patience(sources) })
  const observers: ObserverParts = { log, health, metrics: () => metrics }
  const metrics = metricsOf(() => agent, version, binding.versions().libvirt)
  const agent = await buildPollingAgent(options, {
    ...{ clock: systemClock, binding, version, pollsters, sources },
    ...{ inspectorObserver: observeInspector(observers), calls: recordCalls(parts) },
    pollingObserver: observePolling(observers),
    logOf: (meter) => log.child({ meter }),
    observe: (name) => observeDestination(name, observers),
    openOutbox: diskOutboxes(options, {
      ...{ clock: systemClock, random: Math.random, pid: process.pid },
      observe: (directory) => observeOutbox(directory, observers),
      onRejected: ({ error, ...where }) => {
        log.error({ ...where, err: error }, 'notification set aside')
      },
    }),
    logSample: (line, message) => {
      log.info(line, message)
    },
  })
  const server = await listen(options, metrics, health)
  const { stop, stopped } = run(agent, { server, clock: systemClock, log })
  return {
    stop,
    stopped,
    reload(next) {
      sources = next
      agent.manager.reload(next)
      metrics.reloaded('applied')
    },
    reloadRefused: () => {
      metrics.reloaded('refused')
    },
  }
}

/** Beside the outbox, not in it, when there is no runtime folder: so each agent has its own. */
function recordCalls({ configuration, runtimeFolder, log }: AgentParts): CallStore {
  const beside = `${configuration.options.outbox.directory}.calls.json`
  return createCallRecordFile(
    runtimeFolder === undefined ? beside : join(runtimeFolder, 'calls.json'),
    (error) => {
      log.warn({ err: error }, 'libvirt calls cannot be recorded; after a restart more of them may hang')
    },
  )
}

/** The agent is asked for when the metrics are read, and not before there is one. */
function metricsOf(agent: () => PollingAgent, version: string, libvirt: number): Metrics {
  return createMetrics({
    outbox: () => agent().publishing.figures(),
    hungCalls: () => agent().inspector.hungCalls,
    buildInfo: { version, node: process.version, libvirt: versionText(libvirt) },
  })
}

/** libvirt's `major * 1,000,000 + minor * 1,000 + release`. */
function versionText(version: number): string {
  return [Math.floor(version / 1e6), Math.floor(version / 1e3) % 1e3, version % 1e3].join('.')
}

/** Three intervals of the most frequent source, and never less than a minute; cron sources promise nothing. */
function patience(sources: readonly Source[]): number {
  const intervals = sources.flatMap(({ schedule }: { readonly schedule: Schedule }) =>
    schedule.kind === 'interval' ? [schedule.seconds] : [],
  )
  return intervals.length === 0 ? Infinity : Math.max(60, 3 * Math.min(...intervals))
}

async function listen(
  { http }: AgentOptions,
  metrics: Metrics,
  health: HealthRecord,
): Promise<StatusServer | undefined> {
  if (http === null) return undefined
  try {
    return await startStatusServer({
      ...http,
      contentType: metrics.contentType,
      metrics: () => metrics.render(),
      health: () => health.read(),
    })
  } catch (cause) {
    throw new ConfigError(
      'CONFIG_INVALID',
      `http.listen: cannot listen on ${http.host}:${http.port}; another program has it, or it is no address of this ` +
        'machine; set http.listen in agent.yaml, or http: null',
      { cause },
    )
  }
}

interface RunParts {
  readonly server: StatusServer | undefined
  readonly clock: Clock
  readonly log: Logger
}

function run(agent: PollingAgent, { server, clock, log }: RunParts): Pick<RunningAgent, 'stop' | 'stopped'> {
  const givingUp = new AbortController()
  let grace: NodeJS.Timeout | undefined
  const stopped = (async () => {
    await agent.manager.run(givingUp.signal)
    clearTimeout(grace)
    await agent.publishing.close(AbortSignal.timeout(deliveryGraceMs))
    await agent.inspector.close()
    await server?.close()
    const { droppedSamples } = agent.publishing.figures()
    if (droppedSamples.stopped > 0)
      log.warn(
        { samples: droppedSamples.stopped, at: new Date(clock.now().wallMs) },
        'samples lost: not delivered in time',
      )
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
