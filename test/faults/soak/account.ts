import type { CycleLine } from '../../support/agent.js'

/** A sample as the consumer has it. */
export interface ReceivedSample {
  /** Its `message_id`. */
  readonly id: string
  /** When libvirt gave its figures, Unix time. */
  readonly atMs: number
  readonly meter: string
  readonly type: string
  readonly resource: string
  readonly volume: number | bigint
  /** Of everything it says. */
  readonly digest: string
}

/** One process of the agent. */
export interface Life {
  readonly startedAtMs: number
  readonly endedAtMs: number
  /** By SIGKILL, so that it could put nothing in order. */
  readonly killed: boolean
  readonly cycles: readonly CycleLine[]
  /** The ids of the samples that its outbox had on disk when it was killed. */
  readonly saved: readonly string[]
}

/** A domain was made anew, with counters that begin anew. */
export interface Restart {
  readonly uuid: string
  readonly fromMs: number
  readonly toMs: number
}

export interface AccountParts {
  readonly lives: readonly Life[]
  readonly samples: Iterable<ReceivedSample>
  readonly restarts: readonly Restart[]
}

/** Whether what the agent said it produced is what came. The lists are of what is wrong, each in words. */
export interface Account {
  readonly cycles: number
  readonly expected: number
  readonly missing: number
  readonly produced: number
  readonly received: number
  /** Samples of cycles that a kill kept from being told. */
  readonly untold: number
  /** Samples that had no file yet when the agent was killed, right after the cycle, and never came. */
  readonly unsaved: number
  readonly lost: readonly string[]
  readonly unasked: readonly string[]
  readonly open: readonly string[]
  readonly backwards: readonly string[]
}

/** How long after a cycle a sample may have no file yet: until then it is lost with the process. */
const unsafeMs = 5000
/** A line of the log has whole milliseconds. */
const roundingMs = 1

/** A stretch of time of one life, and the cycle that was told at its end; none when the life was killed before. */
interface Stretch {
  readonly untilMs: number
  readonly life: Life
  readonly cycle: CycleLine | undefined
  received: number
}

/** Compares what came with what the agent said, cycle by cycle. */
export function settle({ lives, samples, restarts }: AccountParts): Account {
  const stretches = lives.flatMap(stretchesOf)
  const ids = new Set<string>()
  const series = new Map<string, ReceivedSample[]>()
  for (const sample of samples) {
    ids.add(sample.id)
    stretchAt(stretches, sample.atMs).received += 1
    if (sample.type === 'cumulative') listIn(series, `${sample.meter} of ${sample.resource}`).push(sample)
  }
  const told = stretches.filter((stretch) => stretch.cycle !== undefined)
  const short = told.filter(({ cycle, received }) => received < cycle!.samples)
  const excused = short.filter(wasUnsafe)
  const cycles = told.map(({ cycle }) => cycle!)
  return {
    cycles: cycles.length,
    expected: sum(cycles.map(({ expected }) => Number(expected))),
    missing: sum(cycles.map(({ missing }) => sum(Object.values(missing)))),
    produced: sum(cycles.map(({ samples: count }) => count)),
    received: ids.size,
    untold: sum(stretches.map(({ cycle, received }) => (cycle === undefined ? received : 0))),
    unsaved: sum(excused.map(({ cycle, received }) => cycle!.samples - received)),
    lost: [
      ...short.filter((stretch) => !wasUnsafe(stretch)).map(inWords),
      ...lives.flatMap(({ saved }) => saved.filter((id) => !ids.has(id))).map((id) => `${id} had a file`),
    ],
    unasked: stretches.filter(wasUnasked).map(inWords),
    open: cycles.filter(isOpen).map((cycle) => `${cycle.time}: ${JSON.stringify(cycle)}`),
    backwards: [...series].flatMap(([name, list]) => fallsIn(name, list, restarts)),
  }
}

function stretchesOf(life: Life): Stretch[] {
  const told = life.cycles.map((cycle) => ({
    ...{ untilMs: Date.parse(cycle.time) + roundingMs, life, cycle, received: 0 },
  }))
  return [...told, { untilMs: life.endedAtMs, life, cycle: undefined, received: 0 }]
}

/** The first that is not over; what came after all ends counts to the last. */
function stretchAt(stretches: readonly Stretch[], atMs: number): Stretch {
  let [from, to] = [0, stretches.length - 1]
  while (from < to) {
    const middle = (from + to) >> 1
    if (stretches[middle]!.untilMs < atMs) from = middle + 1
    else to = middle
  }
  return stretches[from]!
}

function listIn<T>(lists: Map<string, T[]>, key: string): T[] {
  const list = lists.get(key) ?? []
  lists.set(key, list)
  return list
}

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0)

const wasUnsafe = ({ life, untilMs }: Stretch): boolean => life.killed && untilMs > life.endedAtMs - unsafeMs

/** More came than was told, or something where nothing was polled: only a killed agent tells too little. */
const wasUnasked = ({ life, cycle, received }: Stretch): boolean =>
  cycle === undefined ? received > 0 && !life.killed : received > cycle.samples

const inWords = ({ untilMs, cycle, received }: Stretch): string =>
  `until ${new Date(untilMs).toISOString()}: ${cycle?.samples ?? 'none'} produced, ${received} received`

function isOpen({ expected, samples, missing, unaccounted }: CycleLine): boolean {
  return Number(expected) !== samples + sum(Object.values(missing)) || unaccounted !== undefined
}

function fallsIn(name: string, list: readonly ReceivedSample[], restarts: readonly Restart[]): string[] {
  const sorted = list.toSorted((one, other) => one.atMs - other.atMs)
  return sorted.flatMap((sample, index) => {
    const before = sorted[index - 1]
    if (before === undefined || sample.volume >= before.volume) return []
    const excused = restarts.some(
      ({ uuid, fromMs, toMs }) =>
        sample.resource.includes(uuid) && fromMs <= sample.atMs && toMs >= before.atMs,
    )
    const at = new Date(sample.atMs).toISOString()
    return excused ? [] : [`${name}: from ${before.volume} to ${sample.volume} at ${at}`]
  })
}
