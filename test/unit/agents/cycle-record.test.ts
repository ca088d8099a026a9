import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { createCycleRecord } from '../../../src/agents/cycle-record.js'
import type { Schedule } from '../../../src/config/options.js'
import { phaseOf } from '../../../src/schedule/ticks.js'

const folders: string[] = []
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true })
})

async function newPath(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cycle-record-'))
  folders.push(folder)
  return join(folder, 'run', 'cycles.json')
}

const host = 'compute-1'
const minute: Schedule = { kind: 'interval', seconds: 60 }
const hourly: Schedule = { kind: 'cron', expression: '0 0 * * * *', timeZone: 'UTC' }
/** A tick of the host's grid of minutes, some minutes after an hour began. */
const tick = 60_000 * 60 + (phaseOf(host) % 60)
const at = (seconds: number) => ({
  monotonicSeconds: tick + seconds,
  wallMs: Date.UTC(2026, 0, 1, 12, 30) + seconds * 1000,
})

function recordAt(path: string, bootId = 'this-boot') {
  const failures: Error[] = []
  const onUnwritable = (error: Error): void => void failures.push(error)
  return { failures, ...{ record: createCycleRecord({ path, host, bootId, onUnwritable }) } }
}

const sourcesOf = (...schedules: readonly Schedule[]) => schedules.map((schedule) => ({ schedule }))

/** A run that began at the same moment as its only cycle. */
async function polledAt(path: string, schedules: readonly Schedule[], seconds: number): Promise<void> {
  const { record } = recordAt(path)
  record.polls(sourcesOf(...schedules), at(seconds))
  record.finished({ schedules, startedAt: at(seconds) })
  await record.settled(AbortSignal.timeout(10_000))
}

describe('what was missed between two runs', () => {
  it.each([
    ['before the next tick', 59, []],
    ['after the tick whose cycle was not over', 61, [1]],
    ['half an hour later', 1805, [30]],
  ])('is the ticks that passed: %s', async (_when, start, missed) => {
    const path = await newPath()
    await polledAt(path, [minute], 0.01)
    const gaps = await recordAt(path).record.gaps([{ schedule: minute }], at(start))
    expect(gaps.map((gap) => gap.missed)).toEqual(missed)
  })

  it('is counted on the grid when the last cycle was the one at the start of a run', async () => {
    const path = await newPath()
    await polledAt(path, [minute], 50)
    const { record } = recordAt(path)
    expect(await record.gaps([{ schedule: minute }], at(61))).toEqual([
      { schedule: minute, missed: 1, since: at(50) },
    ])
  })

  it('is counted for each schedule that is still there, once', async () => {
    const path = await newPath()
    await polledAt(path, [minute, hourly], 0)
    const sources = [hourly, hourly, { kind: 'interval', seconds: 7 } as const].map((schedule) => ({
      schedule,
    }))
    const gaps = await recordAt(path).record.gaps(sources, at(2 * 3600))
    expect(gaps).toEqual([{ schedule: hourly, missed: 2, since: at(0) }])
  })

  it.each([
    ['of another boot', '{"boot":"other","polled":{"every 60 s":[0,0]}}'],
    ['that is cut off', '{"boot":"this-boot","polled":{"every'],
    ['of another kind', '{"boot":"this-boot","polled":{"every 60 s":["0"]}}'],
    ['that is null', 'null'],
  ])('is not known from a record %s', async (_what, text) => {
    const path = await newPath()
    await polledAt(path, [minute], 0)
    await writeFile(path, text)
    expect(await recordAt(path).record.gaps([{ schedule: minute }], at(600))).toEqual([])
  })

  it('is not known where there is no record', async () => {
    expect(await recordAt(await newPath()).record.gaps([{ schedule: minute }], at(600))).toEqual([])
  })
})

describe('what was missed of a schedule', () => {
  const minutes = (count: number) => count * 60

  it('is counted from the start of the run that did not come to poll it', async () => {
    const path = await newPath()
    await polledAt(path, [minute, hourly], 0)
    const { record } = recordAt(path)
    record.polls(sourcesOf(minute, hourly), at(minutes(40)))
    record.finished({ schedules: [minute], startedAt: at(minutes(41)) })
    await record.settled(AbortSignal.timeout(10_000))

    const gaps = await recordAt(path).record.gaps(sourcesOf(hourly), at(minutes(100)))
    expect(gaps).toEqual([{ schedule: hourly, missed: 1, since: at(minutes(40)) }])
  })

  it('is counted although the agent was killed before its first cycle was over', async () => {
    const path = await newPath()
    const { record } = recordAt(path)
    record.polls(sourcesOf(minute), at(0))
    await record.settled(AbortSignal.timeout(10_000))

    const gaps = await recordAt(path).record.gaps(sourcesOf(minute), at(minutes(2) + 1))
    expect(gaps).toEqual([{ schedule: minute, missed: 2, since: at(0) }])
  })

  it('is nothing of the time in which a reload had taken it out', async () => {
    const path = await newPath()
    const { record } = recordAt(path)
    record.polls(sourcesOf(minute, hourly), at(0))
    record.polls(sourcesOf(minute), at(minutes(10)))
    // a cycle that the reload found running
    record.finished({ schedules: [minute, hourly], startedAt: at(minutes(9)) })
    await record.settled(AbortSignal.timeout(10_000))

    expect(await recordAt(path).record.gaps(sourcesOf(hourly), at(minutes(100)))).toEqual([])
  })

  it('is counted from the reload that put it in, and from its last cycle where the reload left it', async () => {
    const path = await newPath()
    const { record } = recordAt(path)
    record.polls(sourcesOf(minute), at(0))
    record.finished({ schedules: [minute], startedAt: at(minutes(9)) })
    record.polls(sourcesOf(minute, hourly), at(minutes(10)))
    await record.settled(AbortSignal.timeout(10_000))

    const gaps = await recordAt(path).record.gaps(sourcesOf(minute, hourly), at(minutes(31)))
    expect(gaps).toEqual([
      { schedule: minute, missed: 22, since: at(minutes(9)) },
      { schedule: hourly, missed: 1, since: at(minutes(10)) },
    ])
  })
})

it('a record that cannot be written is told once', async () => {
  const notFolder = await newPath()
  await writeFile(dirname(notFolder), '')
  const { record, failures } = recordAt(notFolder)
  record.polls(sourcesOf(minute), at(0))
  for (const seconds of [0, 60]) {
    record.finished({ schedules: [minute], startedAt: at(seconds) })
    await record.settled(AbortSignal.timeout(10_000))
  }
  expect(failures).toHaveLength(1)
})

it('a record holds each schedule as it was last polled', async () => {
  const path = await newPath()
  const { record } = recordAt(path)
  record.polls(sourcesOf(minute, hourly), at(-30))
  record.finished({ schedules: [minute, hourly], startedAt: at(0) })
  record.finished({ schedules: [minute], startedAt: at(60) })
  await record.settled(AbortSignal.timeout(10_000))
  expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({
    boot: 'this-boot',
    polled: {
      'every 60 s': [at(60).wallMs, at(60).monotonicSeconds],
      '0 0 * * * * (UTC)': [at(0).wallMs, at(0).monotonicSeconds],
    },
  })
})
