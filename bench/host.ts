import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { median } from './figures.js'
import { changeXml, settleGuests } from './host-domains.js'
import { hostGoals } from './host-goals.js'
import { startCpuClock, type CpuClock } from './host-processes.js'
import { measureRounds, timetable, type Rounds } from './host-rounds.js'
import {
  all,
  buildFloor,
  isInstalled,
  startCeilometer,
  startExporter,
  startFloor,
  usual,
  type FloorOptions,
  type Load,
  type Sending,
  type Subject,
} from './host-subjects.js'
import { startVirtpoll, type VirtpollOptions } from './host-virtpoll.js'
import type { Line, SkippedLine } from './lines.js'

export interface HostOptions {
  /** Name of this part in the report. */
  readonly part: string
  readonly paused: number
  readonly rounds: number
}

const loads: readonly Load[] = [usual, all]
/** Agents that send nowhere are left out of larger hosts: those of the original would take many minutes more. */
const mostNotSending = 150
const sendingsOf = (paused: number): readonly Sending[] =>
  paused <= mostNotSending ? ['sending', 'not sending'] : ['sending']
const sliceCounts = [1, 2, 4]

/** virtpoll, the C floor and its rivals on one host, in rounds. Only inside a lab. */
export async function benchHost({ part, paused, rounds }: HostOptions): Promise<readonly Line[]> {
  const names = await settleGuests(paused)
  await boundQueues()
  const clock = startCpuClock()
  const floors = await chooseFloors()
  const sendings = sendingsOf(paused)
  const rivals = await startRivals(part, sendings)
  const steady = await measureSteady(floors, rivals.subjects, { rounds, clock, sendings })
  for (const rival of rivals.subjects) await rival.stop()
  const fresh = await measureNew(floors, names, { rounds, clock })
  await clock.stop()
  const found = new Map([...steady, ...fresh, ...rivals.calls])
  return [
    ...measuredLines(part, names.length, found),
    ...hostGoals(part, names.length, found),
    ...rivals.skipped,
  ]
}

/** Nobody consumes what is sent; the broker keeps a little of it. */
async function boundQueues(): Promise<void> {
  const policy = JSON.stringify({ 'max-length': 100 })
  await promisify(execFile)('rabbitmqctl', [
    '--quiet',
    'set_policy',
    'bench',
    '.*',
    policy,
    '--apply-to',
    'queues',
  ])
}

interface Floors {
  readonly of: (load: Load, xml?: boolean) => FloorOptions
}

/** With as many slices as are the fastest, for each load by itself. */
async function chooseFloors(): Promise<Floors> {
  const program = await buildFloor()
  const slices = new Map<Load, number>()
  for (const load of loads) {
    const subjects = sliceCounts.map((count) => startFloor({ program, load, slices: count }))
    const seconds = subjects.map((): number[] => [])
    for (let round = 0; round < 7; round += 1)
      for (const [index, subject] of subjects.entries())
        seconds[index]?.push((await subject.cycle()).wallSeconds)
    for (const subject of subjects) await subject.stop()
    const medians = seconds.map(median)
    slices.set(load, sliceCounts[medians.indexOf(Math.min(...medians))] ?? 1)
  }
  return { of: (load, xml = false) => ({ program, load, slices: slices.get(load) ?? 1, xml }) }
}

interface Rivals {
  readonly subjects: readonly Subject[]
  /** How often each asks libvirt in a cycle, where that is counted beforehand. */
  readonly calls: Rounds
  readonly skipped: readonly SkippedLine[]
}

async function startRivals(part: string, sendings: readonly Sending[]): Promise<Rivals> {
  const subjects: Subject[] = []
  const calls = new Map<string, { counted_libvirt_calls: number[] }>()
  const skipped: SkippedLine[] = []
  if (!sendings.includes('not sending'))
    skipped.push({
      line: 'skipped',
      part,
      what: 'agents that send nowhere',
      why: 'so large a host is measured sending only',
    })
  const missing = (what: string) => skipped.push({ line: 'skipped', part, what, why: 'it is not installed' })
  if (await isInstalled('ceilometer-agent-compute')) {
    for (const load of loads)
      for (const sending of sendings) {
        const agent = await startCeilometer(load, sending)
        subjects.push(agent)
        calls.set(`${agent.name}, counted`, { counted_libvirt_calls: [agent.calls] })
      }
  } else missing('ceilometer')
  if (await isInstalled('prometheus-libvirt-exporter')) subjects.push(await startExporter())
  else missing('prometheus-libvirt-exporter')
  return { subjects, calls, skipped }
}

interface Measuring {
  readonly rounds: number
  readonly clock: CpuClock
}

/** Cycles in which nothing is new. */
async function measureSteady(
  floors: Floors,
  rivals: readonly Subject[],
  { sendings, ...measuring }: Measuring & { readonly sendings: readonly Sending[] },
): Promise<Rounds> {
  const others = [...loads.map((load) => startFloor(floors.of(load))), ...rivals]
  const wanted = sendings.flatMap((sending) => loads.map((load): VirtpollOptions => ({ load, sending })))
  const restSeconds = 0.5
  const everyone = await placed(wanted, others, restSeconds)
  const rounds = await measureRounds(everyone, { ...measuring, restSeconds })
  for (const subject of everyone) if (!rivals.includes(subject)) await subject.stop()
  return rounds
}

/** Cycles in which the XML of every domain has changed since the last one. */
async function measureNew(floors: Floors, names: readonly string[], measuring: Measuring): Promise<Rounds> {
  const floor = startFloor(floors.of(usual, true))
  const before = (round: number) => changeXml(names, `round-${round}`)
  const since = performance.now()
  await before(-1)
  const restSeconds = (performance.now() - since) / 1000 + 0.5
  const everyone = await placed([{ load: usual, sending: 'sending' }], [floor], restSeconds)
  const rounds = await measureRounds(everyone, { ...measuring, restSeconds: 0.5, before })
  for (const subject of everyone) await subject.stop()
  return new Map([...rounds].map(([name, figures]) => [`${name}, all new`, figures]))
}

/** Starts the agents so that each ticks in a slot of its own; the others fill what is between. */
async function placed(
  wanted: readonly VirtpollOptions[],
  others: readonly Subject[],
  restSeconds: number,
): Promise<readonly Subject[]> {
  const slots = []
  for (const options of wanted) slots.push({ seconds: await tryOut(options), ticks: true })
  for (const other of others) slots.push({ seconds: (await longestOf(other)) + 0.05, ticks: false })
  const { starts, period } = timetable([...slots, { seconds: restSeconds, ticks: false }])
  const agents = []
  for (const [index, options] of wanted.entries())
    agents.push(await startVirtpoll({ ...options, beat: { period, slot: starts[index] ?? 0 } }))
  return [...agents, ...others]
}

/** Seconds of a cycle with all that comes after it, from one that has the start of the process in it. */
async function tryOut(options: VirtpollOptions): Promise<number> {
  const since = performance.now()
  const agent = await startVirtpoll(options)
  const seconds = (performance.now() - since) / 1000
  await agent.stop()
  return seconds
}

async function longestOf(subject: Subject): Promise<number> {
  const seconds = [await subject.cycle(), await subject.cycle()].map(({ wallSeconds }) => wallSeconds)
  return Math.max(...seconds)
}

function measuredLines(part: string, instances: number, rounds: Rounds): readonly Line[] {
  return [...rounds].flatMap(([subject, figures]) =>
    Object.entries(figures).map(([figure, values]): Line => ({
      line: 'measured',
      part,
      subject,
      figure,
      instances,
      rounds: values,
    })),
  )
}
