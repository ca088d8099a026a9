import { setTimeout as sleep } from 'node:timers/promises'
import { median } from './figures.js'
import { hypervisorPids, memoryOf, type CpuClock } from './host-processes.js'
import type { Subject } from './host-subjects.js'
import type { Virtpoll } from './host-virtpoll.js'

/** Figures of one subject by name, one a round. */
export type Figures = Readonly<Record<string, readonly number[]>>

/** By subject. */
export type Rounds = ReadonlyMap<string, Figures>

export interface Slot {
  readonly seconds: number
  /** Whether it begins at a tick of its own, which is a whole second. */
  readonly ticks: boolean
}

export interface Timetable {
  /** When each begins, seconds from the beginning of the round. */
  readonly starts: readonly number[]
  /** Whole seconds. */
  readonly period: number
}

/** Room for what takes longer than it did before. */
const slack = 1.25
const gapSeconds = 0.2

/** Places everyone one after the other, so that all are at rest while one is measured. */
export function timetable(slots: readonly Slot[]): Timetable {
  let end = 0
  const starts = slots.map(({ seconds, ticks }) => {
    const start = ticks ? Math.ceil(end) : end
    end = start + seconds * slack + gapSeconds
    return start
  })
  return { starts, period: Math.max(1, Math.ceil(end)) }
}

/**
 * Rounds of everyone in their order. A round in which an agent ticked out of its turn is made again.
 * @param restSeconds how long nobody does anything in each round, to see what the hypervisor uses by itself.
 */
export async function measureRounds(subjects: readonly Subject[], options: RoundOptions): Promise<Rounds> {
  const { rounds, clock, restSeconds, before } = options
  const everyone = [...subjects, nobody(restSeconds)]
  const agents = subjects.filter(isVirtpoll)
  const strays = () => agents.reduce((sum, agent) => sum + agent.strays, 0)
  const kept: (readonly Measured[])[] = []
  for (let tries = 0; kept.length < warmUps + rounds; tries += 1) {
    if (tries > 2 * (warmUps + rounds))
      throw new Error(`too busy a machine: of ${tries} rounds ${kept.length} are good`)
    const known = strays()
    await before?.(tries)
    const measured: Measured[] = []
    for (const subject of everyone) measured.push(await measure(subject, clock))
    if (strays() === known) kept.push(measured)
  }
  const figures = everyone.map((_, index) =>
    columns(kept.slice(warmUps).map((round) => round[index] as Measured)),
  )
  const idle = figures.pop() as Figures
  return new Map(subjects.map(({ name }, index) => [name, lessIdle(figures[index] as Figures, idle)]))
}

const isVirtpoll = (subject: Subject): subject is Virtpoll => 'strays' in subject

/** Rounds that do not count, for programs that are slow at first: none of these does its first cycle every time. */
const warmUps = 3

export interface RoundOptions {
  readonly rounds: number
  readonly clock: CpuClock
  readonly restSeconds: number
  /** Done before each round, by its number. */
  readonly before?: (round: number) => Promise<void>
}

type Measured = Readonly<Record<string, number>>

async function measure(subject: Subject, clock: CpuClock): Promise<Measured> {
  const hypervisor = hypervisorPids()
  await subject.ready?.()
  const since = performance.now()
  const ownBefore = await clock.read([subject.pid])
  const hypervisorBefore = await clock.read(hypervisor)
  const { wallSeconds, saysSeconds, calls } = await subject.cycle()
  const hypervisorAfter = await clock.read(hypervisor)
  const ownAfter = await clock.read([subject.pid])
  const { residentBytes, peakBytes } = memoryOf(subject.pid)
  return {
    wall_seconds: wallSeconds,
    ...(saysSeconds === undefined ? {} : { says_seconds: saysSeconds }),
    ...(calls === undefined ? {} : { libvirt_calls: calls }),
    own_cpu_seconds: ownAfter - ownBefore,
    hypervisor_cpu_seconds: hypervisorAfter - hypervisorBefore,
    resident_bytes: residentBytes,
    peak_resident_bytes: peakBytes,
    elapsed_seconds: (performance.now() - since) / 1000,
  }
}

/** Takes off what the hypervisor uses when nobody asks, for some of its guests run. */
function lessIdle(figures: Figures, idle: Figures): Figures {
  const { hypervisor_cpu_seconds: used = [], elapsed_seconds: elapsed = [], ...others } = figures
  const share = (idle['hypervisor_cpu_seconds'] ?? []).map(
    (cpu, round) => cpu / (idle['elapsed_seconds']?.[round] ?? NaN),
  )
  const rate = median(share)
  return { ...others, hypervisor_cpu_seconds: used.map((cpu, round) => cpu - rate * (elapsed[round] ?? NaN)) }
}

/** Does nothing for so long. */
function nobody(seconds: number): Subject {
  return {
    name: 'nobody',
    pid: process.pid,
    async cycle() {
      await sleep(seconds * 1000)
      return { wallSeconds: seconds }
    },
    stop: () => Promise.resolve(),
  }
}

function columns(rows: readonly Measured[]): Figures {
  const names = Object.keys(rows[0] ?? {})
  return Object.fromEntries(names.map((name) => [name, rows.map((row) => row[name] ?? NaN)]))
}
