import { execFileSync, fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connect } from 'amqplib'
import { medianOf, ratioOfMedians, type Pair } from './figures.js'
import { serviceEnvironment } from './host-virtpoll.js'
import type { GoalLine, Line, MeasuredLine } from './lines.js'
import type { Order, Round, Setting } from './pipeline-agent.js'

const fromRoot = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url))

/** What is measured: where samples wait, and who takes them. */
const ways = {
  'no outbox, not sending': { outbox: 'memory', driver: 'noop' },
  'no outbox, RabbitMQ': { outbox: 'memory', driver: 'messagingv2' },
  'outbox on disk, RabbitMQ': { outbox: 'disk', driver: 'messagingv2' },
} as const satisfies Readonly<Record<string, Pick<Setting, 'outbox'> & { readonly driver: string }>>

type Way = keyof typeof ways
type Measured = Exclude<Order, 'end'>

export interface PipelineOptions {
  readonly part: string
  /** One way and size after the other, so often; 10,000 instances less often. */
  readonly rounds: number
  readonly sizes?: readonly number[]
}

interface Subject {
  readonly way: Way
  readonly instances: number
  readonly child: ChildProcess
  /** Undefined when nothing is sent. */
  readonly queue: string | undefined
  readonly cpu: Round[]
  readonly loop: Round[]
}

/** Instances polled before the first round that counts: the engine compiles what runs often. */
const warmUpInstances = 5000
/** The loop is watched in rounds of their own, because that keeps a core busy. */
const loopRounds = 5
/** A round of this many instances takes ten times as long as one of the next smaller size. */
const large = { instances: 10_000, rounds: { cpu: 5, loop: 2 } }

const exchange = 'virtpoll-bench'
const brokerUrl = 'amqp://guest:guest@127.0.0.1:5672/'

/**
 * The pipeline without libvirt: from recorded columns through decoding, pollsters, samples and signed batches to
 * confirmed notifications, for several numbers of instances with 30 samples each. Needs the build in dist/, and a
 * RabbitMQ of its own on this machine.
 */
export async function benchPipeline({
  part,
  rounds,
  sizes = [100, 1000, 10_000],
}: PipelineOptions): Promise<readonly Line[]> {
  execFileSync(fromRoot('node_modules/.bin/tsc'), ['-p', fromRoot('bench/tsconfig.build.json')])
  const folder = mkdtempSync(join(tmpdir(), 'virtpoll-pipeline-'))
  const broker = await connect(brokerUrl)
  const channel = await broker.createChannel()
  const subjects: Subject[] = []
  try {
    for (const instances of sizes)
      for (const way of Object.keys(ways) as Way[]) subjects.push(await start(folder, way, instances))
    const round = async (subject: Subject, order: Measured): Promise<Round> => {
      const measured = await ask(subject, order)
      if (subject.queue !== undefined) await channel.purgeQueue(subject.queue)
      return measured
    }
    for (const subject of subjects)
      for (let polled = 0; polled < warmUpInstances; polled += subject.instances) await round(subject, 'cpu')
    for (const [order, times] of Object.entries({ cpu: rounds, loop: loopRounds }) as [Measured, number][])
      for (let number = 0; number < times; number += 1)
        for (const subject of subjects)
          if (takesPart(subject, order, times - number)) subject[order].push(await round(subject, order))
  } finally {
    for (const { child, queue } of subjects) {
      child.kill()
      if (queue !== undefined) await channel.deleteQueue(queue)
    }
    await channel.deleteExchange(exchange)
    await broker.close()
    rmSync(folder, { recursive: true })
  }
  return [...subjects.flatMap((subject) => measuredLines(part, subject)), ...goalLines(part, subjects)]
}

/** @param left how many rounds there are from this one on: the large take part in the last. */
function takesPart({ instances }: Subject, order: Measured, left: number): boolean {
  return instances < large.instances || left <= large.rounds[order]
}

async function start(folder: string, way: Way, instances: number): Promise<Subject> {
  const { outbox, driver } = ways[way]
  const name = `${driver}-${outbox}-${instances}`
  const config = join(folder, `${name}.yaml`)
  writeFileSync(
    config,
    [
      'libvirt: {disk_info: bulk}',
      'discovery: {xml_refresh_seconds: 86400}',
      `publisher: {driver: ${driver}, exchange: ${exchange}, topics: [${name}]}`,
      `outbox: {directory: ${join(folder, name)}, max_bytes: 8589934592}`,
    ].join('\n'),
  )
  const recorded = (file: string): string => fromRoot(`test/fixtures/recorded/booted/${file}`)
  const recording = { xml: recorded('domain.xml'), domstats: recorded('domstats.txt') }
  const setting: Setting = { instances, outbox, config, recording }
  const child = fork(fromRoot('dist/bench/pipeline-agent.js'), [JSON.stringify(setting)], {
    execArgv: [],
    env: { ...process.env, ...serviceEnvironment() },
  })
  await answerOf(child)
  const queue = driver === 'noop' ? undefined : `${name}.sample`
  return { way, instances, child, queue, cpu: [], loop: [] }
}

function ask({ child }: Subject, order: Order): Promise<Round> {
  const answer = answerOf(child)
  child.send(order)
  return answer
}

async function answerOf(child: ChildProcess): Promise<Round> {
  const ended = new AbortController()
  const end = (): void => {
    ended.abort(new Error('the measured process ended; what it wrote to standard error says why'))
  }
  child.once('exit', end)
  try {
    const [message] = (await once(child, 'message', { signal: ended.signal })) as [Round]
    return message
  } finally {
    child.off('exit', end)
  }
}

type Read = (round: Round) => number

const figures: Readonly<Record<string, Read>> = {
  cpu_seconds: ({ cpuSeconds }) => cpuSeconds,
  cpu_ms_per_1000_samples: ({ cpuSeconds, samples }) => (cpuSeconds * 1e6) / samples,
  wall_seconds: ({ seconds }) => seconds,
  throughput_samples_per_second: ({ samples, seconds }) => samples / seconds,
  dropped_samples: ({ droppedSamples }) => droppedSamples,
  peak_resident_bytes: ({ residentBytes }) => residentBytes,
}

const loopFigures: Readonly<Record<string, Read>> = {
  longest_hold_ms: ({ held }) => held?.longestMs ?? NaN,
  hold_p999_ms: ({ held }) => held?.wait999Ms ?? NaN,
  longest_collection_ms: ({ held }) => held?.longestCollectionMs ?? NaN,
}

function measuredLines(part: string, { way, instances, cpu, loop }: Subject): readonly MeasuredLine[] {
  const lines = (of: typeof figures, rounds: readonly Round[]) =>
    Object.entries(of).map(([figure, read]) => ({
      ...{ line: 'measured' as const, part, subject: way, figure, instances },
      rounds: rounds.map(read),
    }))
  return [...lines(figures, cpu), ...lines(loopFigures, loop)]
}

/** A subject is linear when a sample costs it no more among ten times as many; so much is left to chance. */
const linear = 1.1

function goalLines(part: string, subjects: readonly Subject[]): readonly GoalLine[] {
  const of = (way: Way, instances: number): Subject | undefined =>
    subjects.find((subject) => subject.way === way && subject.instances === instances)
  const goal = (text: string, rest: Pick<GoalLine, 'reached' | 'limit' | 'unit'>): GoalLine => ({
    ...{ line: 'goal', part, goal: text },
    ...rest,
  })
  const seconds = { 'no outbox, RabbitMQ': 0.5, 'outbox on disk, RabbitMQ': 0.7 } as const
  const cpu = Object.entries(seconds).flatMap(([way, atMost]) => {
    const rounds = of(way as Way, 1000)?.cpu.map(({ cpuSeconds }) => cpuSeconds) ?? []
    const text = `1,000 instances × 30 meters, ${way}: CPU until all is confirmed`
    return rounds.length === 0
      ? []
      : [goal(text, { reached: medianOf(rounds), limit: { atMost }, unit: 's' })]
  })
  const held = subjects.map(({ way, instances, loop }) => {
    const value = Math.max(...loop.map(({ held }) => held?.longestMs ?? NaN))
    const text = `${instances.toLocaleString('en')} instances, ${way}: longest time the event loop was held, in all rounds`
    return goal(text, { reached: { value, low: value, high: value }, limit: { atMost: 20 }, unit: 'ms' })
  })
  const growth = (Object.keys(ways) as Way[]).flatMap((way) => {
    const [small, large] = [of(way, 1000), of(way, 10_000)]
    if (small === undefined || large === undefined) return []
    const same = small.cpu.slice(-large.cpu.length)
    const pairs = large.cpu.map((round, number): Pair => [perSample(round), perSample(same[number])])
    const text = `10,000 / 1,000 instances, ${way}: CPU per sample`
    return [goal(text, { reached: ratioOfMedians(pairs), limit: { atMost: linear }, unit: '×' })]
  })
  return [...cpu, ...held, ...growth]
}

const perSample = (round: Round | undefined): number =>
  round === undefined ? NaN : round.cpuSeconds / round.samples
