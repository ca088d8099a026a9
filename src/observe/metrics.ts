import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'
import { showFigures, type FigureSources } from './shown-figures.js'

/** What the metrics read elsewhere. */
export interface MetricSources extends FigureSources {
  readonly buildInfo: Readonly<Record<'version' | 'node' | 'libvirt', string>>
  /** Settings in force, none of them secret. */
  readonly configInfo: Readonly<Record<string, string>>
}

export interface Metrics {
  readonly contentType: string
  /** The page for /metrics. */
  render(): Promise<string>
  cycleFinished(cycle: CycleFigures): void
  ticksMissed(count: number): void
  /** Between the last cycle of an earlier run and the start of this one. */
  ticksMissedBeforeStart(count: number): void
  libvirtCall(name: string, seconds: number, outcome: string): void
  lateAnswer(): void
  outage(of: 'libvirt' | 'destination' | 'outbox', name: string): void
  /** From now on it is on the page, whether or not it happens. */
  destinationAdded(name: string): void
  libvirtReconnected(): void
  destinationReconnected(name: string): void
  /** A destination sent a notification back for want of a queue. */
  returned(name: string): void
  badFiles(kind: 'unfinished' | 'foreign' | 'damaged', count: number): void
  reloaded(outcome: 'applied' | 'refused'): void
  pollsterFailed(meter: string): void
}

export interface CycleFigures {
  readonly seconds: number
  readonly failed: boolean
  readonly instances: number
  readonly expected: number
  readonly produced: number
  readonly missing: Readonly<Record<string, number>>
  readonly unaccounted: number
  readonly finishedAtMs: number
}

const cycleBuckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300]
const callBuckets = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30]

function showLabels(registry: Registry, name: string, labels: Readonly<Record<string, string>>): void {
  const help = 'its labels say it; always 1'
  new Gauge({ name, help, labelNames: Object.keys(labels), registers: [registry] }).set(labels, 1)
}

/** Every counter that is counted here: name, help, labels. */
const counterTable = {
  cycles: ['cycles_total', 'cycles run', ['outcome']],
  expected: ['samples_expected_total', 'samples that the domain XML says there should be', []],
  produced: ['samples_produced_total', 'samples handed to the outbox', []],
  missing: ['samples_missing_total', 'samples not made, by reason', ['reason']],
  unaccounted: [
    'samples_unaccounted_total',
    'samples too few or too many that pollsters gave without a word; 0, or a pollster file is wrong',
    [],
  ],
  missedTicks: ['ticks_missed_total', 'ticks that passed while a cycle ran or the process was stopped', []],
  missedBeforeStart: [
    'ticks_missed_before_start_total',
    'ticks that passed between the last cycle of an earlier run and the start of this one',
    [],
  ],
  late: ['libvirt_late_answers_total', 'answers that came after their deadline and were thrown away', []],
  outages: [
    'outages_total',
    'times that libvirt, a destination or the disk of an outbox went away',
    ['of', 'name'],
  ],
  libvirtReconnects: ['libvirt_reconnects_total', 'times that libvirt was connected to anew', []],
  reconnects: [
    'destination_reconnects_total',
    'times that a destination was connected to anew',
    ['destination'],
  ],
  returned: [
    'notifications_returned_total',
    'notifications that came back for want of a queue',
    ['destination'],
  ],
  badFiles: ['outbox_bad_files_total', 'files of an outbox that were no whole notifications', ['kind']],
  reloads: ['reloads_total', 'reloads of polling.yaml', ['outcome']],
  failures: ['pollster_failures_total', 'cycles in which a pollster failed', ['meter']],
} as const satisfies Record<string, readonly [name: string, help: string, labels: readonly string[]]>

type Counters = Readonly<Record<keyof typeof counterTable, Counter>>

function createCounters(registry: Registry): Counters {
  const counters = Object.entries(counterTable).map(([key, [name, help, labelNames]]) => [
    key,
    new Counter({ name: `virtpoll_${name}`, help, labelNames: [...labelNames], registers: [registry] }),
  ])
  return Object.fromEntries(counters) as Counters
}

function cycleMetrics(registry: Registry, counters: Counters): Pick<Metrics, 'cycleFinished'> {
  const gauge = (name: string, help: string) =>
    new Gauge({ name: `virtpoll_${name}`, help, registers: [registry] })
  const seconds = new Histogram({
    name: 'virtpoll_cycle_seconds',
    help: 'discovery to the last sample in the outbox',
    buckets: cycleBuckets,
    registers: [registry],
  })
  const last = gauge('last_cycle_timestamp_seconds', 'when the last good cycle ended, Unix time')
  const instances = gauge('instances', 'instances in the last good cycle')
  return {
    cycleFinished(cycle) {
      counters.cycles.inc({ outcome: cycle.failed ? 'failed' : 'done' })
      seconds.observe(cycle.seconds)
      counters.expected.inc(cycle.expected)
      counters.produced.inc(cycle.produced)
      counters.unaccounted.inc(cycle.unaccounted)
      for (const [reason, count] of Object.entries(cycle.missing)) counters.missing.inc({ reason }, count)
      if (cycle.failed) return
      last.set(cycle.finishedAtMs / 1000)
      instances.set(cycle.instances)
    },
  }
}

type CountedEvents = Omit<Metrics, 'contentType' | 'render' | 'cycleFinished' | 'libvirtCall'>

function countedEvents(counters: Counters): CountedEvents {
  return {
    ticksMissed: (count) => {
      counters.missedTicks.inc(count)
    },
    ticksMissedBeforeStart: (count) => {
      counters.missedBeforeStart.inc(count)
    },
    lateAnswer: () => {
      counters.late.inc()
    },
    outage: (of, name) => {
      counters.outages.inc({ of, name })
    },
    destinationAdded: (destination) => {
      counters.reconnects.inc({ destination }, 0)
      counters.returned.inc({ destination }, 0)
    },
    libvirtReconnected: () => {
      counters.libvirtReconnects.inc()
    },
    destinationReconnected: (destination) => {
      counters.reconnects.inc({ destination })
    },
    returned: (destination) => {
      counters.returned.inc({ destination })
    },
    badFiles: (kind, count) => {
      counters.badFiles.inc({ kind }, count)
    },
    reloaded: (outcome) => {
      counters.reloads.inc({ outcome })
    },
    pollsterFailed: (meter) => {
      counters.failures.inc({ meter })
    },
  }
}

/** How often the event loop's lag is looked at. prom-client's default of 10 wakes an idle agent 6,000 times a minute. */
const eventLoopLookMs = 1000

/** The agent's own figures, in a registry of its own. Names and labels are public: they never change their meaning. */
export function createMetrics(sources: MetricSources): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: eventLoopLookMs })
  showLabels(registry, 'virtpoll_build_info', sources.buildInfo)
  showLabels(registry, 'virtpoll_config_info', sources.configInfo)
  showFigures(registry, sources)
  const counters = createCounters(registry)
  const calls = new Histogram({
    name: 'virtpoll_libvirt_call_seconds',
    help: 'libvirt calls',
    labelNames: ['call', 'outcome'],
    buckets: callBuckets,
    registers: [registry],
  })
  return {
    contentType: registry.contentType,
    render: () => registry.metrics(),
    ...cycleMetrics(registry, counters),
    ...countedEvents(counters),
    libvirtCall: (call, seconds, outcome) => {
      calls.observe({ call, outcome }, seconds)
    },
  }
}
