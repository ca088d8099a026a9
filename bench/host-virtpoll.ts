import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, watch } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { builtMain } from '../test/support/virtpoll.js'
import { waitFor } from '../test/support/wait-for.js'
import { phaseOf } from '../src/schedule/ticks.js'
import { pidOf } from './host-processes.js'
import {
  newFolder,
  transportUrl,
  writeJson,
  type Cycle,
  type Load,
  type Sending,
  type Subject,
} from './host-subjects.js'

export interface VirtpollOptions {
  readonly load: Load
  readonly sending: Sending
  /** Seconds between its cycles, and which second of them is its own; without them one cycle at its start. */
  readonly beat?: Beat
  /** Where it serves its metrics; default nowhere. */
  readonly http?: string
  /** Arguments for node. */
  readonly nodeArgs?: readonly string[]
}

/** A grid of the monotonic clock: every `period` seconds, shifted by `slot`. */
export interface Beat {
  readonly period: number
  readonly slot: number
}

/** virtpoll's agent as it is run, ticking by itself. */
export interface Virtpoll extends Subject {
  /** The cycle that it makes when it starts, begun with the process. */
  readonly first: Cycle
  /** Cycles that it made while nobody waited for one; each has disturbed somebody. */
  readonly strays: number
}

/** A line of its log and when it came. */
interface Said {
  readonly msg: string
  readonly at: number
  readonly seconds?: number
  readonly calls?: number
}

/** Seconds of CLOCK_MONOTONIC, the agent's clock too. */
const now = () => Number(process.hrtime.bigint()) / 1e9

const hour = 3600
const drainDeadlineSeconds = 60
/** How long before a tick all is made ready for it. */
const readySeconds = 0.1

/** Starts it and waits until its first cycle is over. */
export async function startVirtpoll(options: VirtpollOptions): Promise<Virtpoll> {
  const { load, sending, beat = { period: hour, slot: 0 }, nodeArgs = [] } = options
  const folder = newFolder()
  const outbox = join(folder, 'outbox')
  mkdirSync(outbox)
  writeJson(folder, 'agent.yaml', configuration(folder, options, hostOf(beat)))
  writeJson(folder, 'polling.yaml', {
    sources: [{ name: 'bench', interval: beat.period, meters: load.meters }],
  })
  const arrivals = watchArrivals(outbox)
  const since = now()
  const child = spawnAgent(folder, nodeArgs)
  const ended = once(child, 'close')
  const log = readLog(child.stderr)
  let waited = 0
  const next = async (from: number): Promise<Cycle> => {
    const line = await log.cycleAfter(from)
    waited += 1
    await waitFor('the outbox is empty', () => isEmpty(outbox), drainDeadlineSeconds)
    const end = sending === 'sending' ? arrivals.last() : line.at
    return { wallSeconds: end - from, saysSeconds: line.seconds ?? NaN, calls: line.calls ?? NaN }
  }
  const first = await next(since)
  return {
    name: `virtpoll, ${load.name}, ${sending}`,
    pid: pidOf(child),
    first,
    get strays() {
      return log.cycles() - waited
    },
    ready: () => sleep((tickAfter(now(), beat) - now() - readySeconds) * 1000),
    cycle: () => next(tickAfter(now(), beat)),
    async stop() {
      child.kill('SIGTERM')
      await ended
      arrivals.stop()
    },
  }
}

function spawnAgent(folder: string, nodeArgs: readonly string[]): ChildProcessByStdio<null, null, Readable> {
  const command = [...nodeArgs, builtMain, 'agent', '--config', join(folder, 'agent.yaml')]
  const env = { ...process.env, ...serviceEnvironment() }
  return spawn(process.execPath, command, { cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe'] })
}

/** What the service sets in the environment of its agent. */
export function serviceEnvironment(): Readonly<Record<string, string>> {
  const unit = readFileSync(fileURLToPath(new URL('../packaging/virtpoll.service', import.meta.url)), 'utf8')
  const settings = [...unit.matchAll(/^Environment=(.*)$/gm)].flatMap(([, line = '']) => line.split(' '))
  return Object.fromEntries(settings.map((setting) => setting.split('=', 2) as [string, string]))
}

function configuration(folder: string, { sending, http }: VirtpollOptions, host: string): object {
  return {
    host,
    http: http === undefined ? null : { listen: http },
    polling: { file: join(folder, 'polling.yaml') },
    // The rotation through the XML of all domains would add calls to some cycles and not to others.
    discovery: { xml_refresh_seconds: 24 * hour },
    publisher: sending === 'sending' ? { transport_url: transportUrl } : { driver: 'noop' },
    outbox: { directory: join(folder, 'outbox') },
  }
}

/** A host whose grid has that slot: agents shift theirs by a hash of the name. */
function hostOf({ period, slot }: Beat): string {
  for (let number = 0; ; number += 1) {
    const host = `bench-${number}`
    if (phaseOf(host) % period === slot) return host
  }
}

/** The next tick of that grid that is not due already. */
function tickAfter(instant: number, { period, slot }: Beat): number {
  return Math.ceil((instant - slot + 0.01) / period) * period + slot
}

/** The moments at which notifications get their names in an outbox, and so are safe. */
function watchArrivals(outbox: string): { last(): number; stop(): void } {
  const seen = new Set<string>()
  let last = NaN
  const watcher = watch(outbox, (_, name) => {
    if (name?.endsWith('.notification') !== true || seen.has(name)) return // the second event of a name is its removal
    seen.add(name)
    last = now()
  })
  return {
    last: () => last,
    stop: () => {
      watcher.close()
    },
  }
}

const isEmpty = (outbox: string) => !readdirSync(outbox).some((name) => name.includes('.notification'))

function readLog(stream: NodeJS.ReadableStream): {
  cycles(): number
  /** The first cycle whose line comes after that moment. Rejects when the log ends. */
  cycleAfter(instant: number): Promise<Said>
} {
  const said: Said[] = []
  let waiting: (() => void) | undefined
  let over = false
  const lines = createInterface({ input: stream })
  const wake = () => waiting?.()
  lines.on('line', (text) => {
    said.push({ ...parse(text), at: now() })
    wake()
  })
  lines.on('close', () => {
    over = true
    wake()
  })
  const cycles = () => said.filter(({ msg }) => msg === 'cycle')
  return {
    cycles: () => cycles().length,
    async cycleAfter(instant) {
      for (;;) {
        const found = cycles().find(({ at }) => at > instant)
        if (found !== undefined) return found
        if (over) throw new Error(`virtpoll ended: ${JSON.stringify(said.slice(-5))}`)
        await new Promise<void>((resolve) => (waiting = resolve))
      }
    },
  }
}

function parse(text: string): Omit<Said, 'at'> {
  try {
    return JSON.parse(text) as Said
  } catch {
    return { msg: text }
  }
}
