/**
 * One agent without libvirt, to be measured: polls a recorded host when it is told to, and says what a cycle took.
 * Talks with its parent over the channel of `fork`; see `Setting` for its one argument.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { diskOutboxes, memoryOutboxes } from '../src/agents/outboxes.js'
import { buildHost } from '../src/agents/polling.js'
import { buildPublishing, type Publishing } from '../src/agents/publishing.js'
import { loadConfiguration } from '../src/agents/configuration.js'
import { compileLater } from '../src/compile-later.js'
import { runCycle } from '../src/polling/cycle.js'
import { assign } from '../src/polling/plan.js'
import { systemClock } from '../src/schedule/clock.js'
import { recordedHost, type Recording } from './pipeline-host.js'
import { watchLoop, type Held } from './pipeline-loop.js'

export interface Setting {
  readonly instances: number
  readonly outbox: 'memory' | 'disk'
  /** Its agent.yaml. */
  readonly config: string
  readonly recording: { readonly [Key in keyof Recording]: string }
}

export type Order = 'cpu' | 'loop' | 'end'

/** What one cycle took, from its tick until every sample was confirmed. */
export interface Round {
  readonly samples: number
  readonly droppedSamples: number
  readonly notifications: number
  readonly seconds: number
  readonly cpuSeconds: number
  /** From the tick to the last sample handed to the outbox. */
  readonly cycleSeconds: number
  /** Highest so far. */
  readonly residentBytes: number
  readonly held: Held | undefined
}

const patient = new AbortController().signal
const ignore = (): void => undefined

async function build({ instances, outbox, config, recording }: Setting) {
  const { options, pollsters } = await loadConfiguration(
    { file: config },
    { cwd: process.cwd(), hostName: 'bench-host', packageFolder: process.cwd(), version: '0.0.0' },
  )
  const parts = { clock: systemClock, random: Math.random, onRejected: ignore }
  const observe = () => ({ onOpened: ignore, onOutage: ignore, onRecovered: ignore, onDamaged: ignore })
  const publishing = await buildPublishing(options, {
    ...{ clock: systemClock, version: '0.0.0', logSample: ignore },
    observe: () => ({ onOutage: console.error, onRecovered: ignore }),
    openOutbox:
      outbox === 'memory'
        ? memoryOutboxes(options, parts)
        : diskOutboxes(options, { ...parts, pid: process.pid, observe }),
  })
  const read = (file: string): string => readFileSync(file, 'utf8')
  const binding = recordedHost({ xml: read(recording.xml), domstats: read(recording.domstats) }, instances)
  const host = buildHost(options, {
    ...{ clock: systemClock, binding },
    inspectorObserver: {
      ...{ callReturned: ignore, callLeft: ignore, connectionLost: ignore, connected: ignore },
      ...{ domainStuck: ignore, domainRecovered: ignore, domainFailed: ignore },
    },
    logOf: () => ({ debug: ignore, warn: ignore }),
  })
  const everything = {
    name: 'all',
    schedule: { kind: 'interval', seconds: 60 },
    meters: ['*'],
    discovery: [],
  } as const
  const assignments = assign([everything], pollsters, false)
  const cycle = () => runCycle(host, { assignments, notifier: publishing.notifier }, patient)
  return { cycle, publishing }
}

/** Resolves when nothing waits any more; by looking now and then, which costs next to nothing. */
async function confirmed(publishing: Publishing): Promise<void> {
  while (publishing.figures().queuedNotifications > 0) await sleep(5)
}

async function measure(
  { cycle, publishing }: Awaited<ReturnType<typeof build>>,
  order: Exclude<Order, 'end'>,
): Promise<Round> {
  const before = publishing.figures()
  const watch = order === 'loop' ? watchLoop() : undefined
  const startedAt = performance.now()
  const cpu = process.cpuUsage()
  const report = await cycle()
  await confirmed(publishing)
  const { user, system } = process.cpuUsage(cpu)
  const seconds = (performance.now() - startedAt) / 1000
  const held = await watch?.stop()
  const after = publishing.figures()
  const sum = (counts: Readonly<Record<string, number>>) =>
    Object.values(counts).reduce((total, count) => total + count, 0)
  return {
    samples: after.confirmedSamples - before.confirmedSamples,
    droppedSamples: sum(after.droppedSamples) - sum(before.droppedSamples),
    notifications: report.notifications,
    seconds,
    cpuSeconds: (user + system) / 1e6,
    cycleSeconds: report.seconds,
    residentBytes: process.resourceUsage().maxRSS * 1024,
    held,
  }
}

compileLater()
const agent = await build(JSON.parse(process.argv[2] ?? '') as Setting)
process.on('message', (order: Order) => {
  if (order === 'end') void agent.publishing.close(AbortSignal.timeout(10_000)).then(() => process.exit())
  else void measure(agent, order).then((round) => process.send?.(round))
})
process.send?.('ready')
