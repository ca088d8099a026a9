import { setTimeout as sleep } from 'node:timers/promises'
import { sumOf, type MetricFigures, type StatusEndpoint } from '../../support/status-endpoint.js'
import type { Lives } from './lives.js'

/** What the agent's own figures were, all the time. */
export interface Watch {
  readonly mostCallsOut: number
  /** Of them those that were out for more than a moment while libvirtd itself was well. */
  readonly mostHungCalls: number
  /** The most that one process dropped. */
  readonly mostDropped: number
  /** Counters that fell in the life of one process, in words. */
  readonly fallen: readonly string[]
  close(): Promise<void>
}

const intervalMs = 1000
/** A counter's name in Prometheus' text format; sums of seconds are left out, they are floats. */
const counter = /^virtpoll_\w+_(total|count|bucket)\b/

/** @param libvirtdIsWell whether it has been there for some seconds. */
export function startWatch(endpoint: StatusEndpoint, lives: Lives, libvirtdIsWell: () => boolean): Watch {
  const fallen: string[] = []
  let mostCallsOut = 0
  let mostHungCalls = 0
  let hungBefore = 0
  let mostDropped = 0
  let before: { readonly pid: number; readonly metrics: MetricFigures } | undefined
  const over = new AbortController()

  const note = (pid: number, metrics: MetricFigures): void => {
    const out = metrics.get('virtpoll_libvirt_hung_calls') ?? 0
    mostCallsOut = Math.max(mostCallsOut, out)
    const hung = libvirtdIsWell() ? out : 0
    mostHungCalls = Math.max(mostHungCalls, Math.min(hungBefore, hung))
    hungBefore = hung
    mostDropped = Math.max(mostDropped, sumOf(metrics, 'virtpoll_samples_dropped_total'))
    if (before?.pid === pid) fallen.push(...fallenBetween(before.metrics, metrics))
    before = { pid, metrics }
  }
  const running = (async () => {
    while (!over.signal.aborted) {
      await sleep(intervalMs)
      const { pid } = lives.agent
      // There is nobody to ask between two lives.
      const metrics = await endpoint.metrics().catch(() => undefined)
      if (metrics !== undefined && lives.agent.pid === pid) note(pid, metrics)
    }
  })()
  return {
    get mostCallsOut() {
      return mostCallsOut
    },
    get mostHungCalls() {
      return mostHungCalls
    },
    get mostDropped() {
      return mostDropped
    },
    fallen,
    async close() {
      over.abort()
      await running
    },
  }
}

function fallenBetween(before: MetricFigures, after: MetricFigures): string[] {
  return [...before].flatMap(([name, figure]) => {
    const now = after.get(name)
    if (!counter.test(name) || (now !== undefined && now >= figure)) return []
    return [`${name}: from ${figure} to ${String(now)}`]
  })
}
