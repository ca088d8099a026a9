import { ConnectionError } from '../errors.js'
import type { Fault, Skipped } from '../discovery/discovery.js'
import type { InspectorObserver } from '../inspector/libvirt/observer.js'
import type { Logger } from '../observe/log.js'
import type { Metrics } from '../observe/metrics.js'
import { scheduleKey } from '../polling/plan.js'
import type { CycleReport, PollingObserver } from '../polling/report.js'
import type { OutboxObserver } from '../publish/disk-outbox.js'
import type { DestinationObserver } from '../publish/outage.js'
import type { HealthRecord } from './health.js'

export interface ObserverParts {
  readonly log: Logger
  /** Late-bound: the metrics read figures of rooms that are built with these observers. */
  readonly metrics: () => Metrics
  readonly health: HealthRecord
}

/** One line when libvirt or a domain goes away and one when it is back; calls go to the metrics. */
export function observeInspector({ log, metrics, health }: ObserverParts): InspectorObserver {
  health.awaits('libvirt')
  let connectedBefore = false
  return {
    callReturned(call, seconds, outcome) {
      metrics().libvirtCall(call, seconds, outcome)
      if (outcome === 'late') metrics().lateAnswer()
    },
    callLeft(call, hung) {
      log.warn({ call, hung }, 'libvirt call does not answer and was left; its domains are asked again')
    },
    connectionLost(error) {
      metrics().outage('libvirt', 'libvirt')
      health.away('libvirt', error.message)
      log.error({ err: error }, 'libvirt away')
    },
    connected(outageSeconds) {
      health.back('libvirt')
      if (connectedBefore) metrics().libvirtReconnected()
      connectedBefore = true
      log.info({ outageSeconds }, outageSeconds === undefined ? 'libvirt connected' : 'libvirt back')
    },
    domainStuck: (domain) => {
      log.warn(domain, 'domain stuck: its QEMU does not answer; its other figures and other domains go on')
    },
    domainRecovered: (domain) => {
      log.info(domain, 'domain answers again')
    },
    domainFailed: (domain, error, extent) => {
      const what = {
        whole: 'domain cannot be read',
        part: 'domain cannot be read in part; its other figures go on',
      }
      log.warn({ ...domain, err: error }, what[extent])
    },
  }
}

/** One line when a destination goes away and one when it is back. Until it was reached once it is not ready. */
export function observeDestination(
  name: string,
  { log, metrics, health }: ObserverParts,
): DestinationObserver {
  health.awaits(name)
  metrics().destinationAdded(name)
  let connectedBefore = false
  return {
    onConnected() {
      if (connectedBefore) metrics().destinationReconnected(name)
      else health.back(name)
      connectedBefore = true
    },
    onOutage(error) {
      metrics().outage('destination', name)
      health.away(name, error.message)
      log.error({ err: error, destination: name }, 'destination away; notifications wait in the outbox')
    },
    onRecovered({ seconds }) {
      health.back(name)
      log.info({ destination: name, seconds }, 'destination back')
    },
    onReturned() {
      metrics().returned(name)
    },
  }
}

/** One line when the disk of an outbox goes away and one when it is back; what a start finds; what is damaged. */
export function observeOutbox(
  directory: string,
  { log, metrics }: Pick<ObserverParts, 'log' | 'metrics'>,
): OutboxObserver {
  return {
    onOpened(found) {
      const { notifications, temporaries, foreign } = found
      metrics().badFiles('unfinished', temporaries)
      metrics().badFiles('foreign', foreign)
      if (notifications + temporaries > 0)
        log.info({ directory, ...found }, 'outbox holds notifications of an earlier run')
      if (foreign > 0)
        log.warn({ directory, foreign }, 'outbox held files that are none; they are in damaged/')
    },
    onOutage(error) {
      metrics().outage('outbox', directory)
      log.error({ err: error, directory }, 'outbox away; notifications wait in memory')
    },
    onRecovered({ seconds }) {
      log.info({ directory, seconds }, 'outbox back')
    },
    onDamaged(error) {
      metrics().badFiles('damaged', 1)
      log.error({ err: error, directory }, 'outbox file damaged')
    },
  }
}

/** The line of each cycle, what was left out at first sight, pollsters that begin and cease to fail. */
export function observePolling({ log, metrics, health }: ObserverParts): PollingObserver {
  const remark = createRemarks(log)
  const noteFailures = createFailureNotes(log, (meter) => {
    metrics().pollsterFailed(meter)
  })
  const noteError = createErrorNotes(log)
  return {
    cycleFinished(report) {
      health.cycleFinished()
      metrics().cycleFinished({
        ...report,
        failed: report.error !== undefined,
        finishedAtMs: report.finishedAt.wallMs,
      })
      log.info(cycleLine(report), 'cycle')
      remark(report)
      noteFailures(report)
      noteError(report)
    },
    ticksMissed(schedule, missed) {
      metrics().ticksMissed(missed)
      log.warn(
        { schedule: scheduleKey(schedule), missed },
        'ticks missed: a cycle took longer than its interval, or the process was held up or its clock set forward',
      )
    },
  }
}

function cycleLine(report: CycleReport): object {
  const intervals = report.schedules.flatMap((schedule) =>
    schedule.kind === 'interval' ? [schedule.seconds] : [],
  )
  return {
    outcome: report.error === undefined ? 'done' : 'failed',
    seconds: Math.round(report.seconds * 1e6) / 1e6,
    interval: intervals.length === 0 ? null : Math.min(...intervals),
    schedules: [...new Set(report.schedules.map(scheduleKey))],
    instances: report.instances,
    samples: report.produced,
    expected: report.expected,
    missing: report.missing,
    ...(report.unaccounted === 0 ? {} : { unaccounted: report.unaccounted }),
    notifications: report.notifications,
    calls: report.calls,
  }
}

/** Says once for each resource what is wrong with it or why it is left out; again when it comes back. */
function createRemarks(log: Logger): (report: CycleReport) => void {
  let known: ReadonlySet<string> = new Set()
  return ({ skipped, faults, error, calls }) => {
    for (const one of skipped) if (!known.has(keyOf(one))) leftOut(log, one)
    for (const fault of faults) if (!known.has(keyOf(fault))) damaged(log, fault)
    // A cycle that failed or made no call did not look at every domain, so it does not say who came back.
    const kept = error === undefined && calls > 0 ? [] : known
    known = new Set([...kept, ...[...skipped, ...faults].map(keyOf)])
  }
}

function keyOf({ id, detail }: Pick<Fault, 'id' | 'detail'>): string {
  return `${id}\n${detail}`
}

function leftOut(log: Logger, { id, name, reason, detail }: Skipped): void {
  log.info({ uuid: id, name, reason, detail }, 'left out')
}

function damaged(log: Logger, { id, name, detail }: Fault): void {
  log.warn({ uuid: id, name, detail }, 'metadata damaged; only what it says there is missing')
}

/** Says once that cycles begin to lose a discovery and once that they ceased to; of libvirt the inspector tells. */
function createErrorNotes(log: Logger): (report: CycleReport) => void {
  let failing = false
  return ({ error }) => {
    if (error instanceof ConnectionError) return
    if (error !== undefined && !failing) log.error({ err: error }, 'cycle incomplete')
    if (error === undefined && failing) log.info('cycles complete again')
    failing = error !== undefined
  }
}

/** Says once that a pollster begins to fail and once that it ceased to. */
function createFailureNotes(log: Logger, count: (meter: string) => void): (report: CycleReport) => void {
  const failing = new Set<string>()
  return ({ pollsters }) => {
    for (const { meter, failures, error, resources } of pollsters) {
      if (failures > 0) count(meter)
      if (failures > 0 && !failing.has(meter)) {
        failing.add(meter)
        log.error({ meter, failures, err: error }, 'pollster fails; its figures are missing, others go on')
      } else if (failures === 0 && resources > 0 && failing.delete(meter)) {
        log.info({ meter }, 'pollster works again')
      }
    }
  }
}
