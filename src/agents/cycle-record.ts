import { readFileSync } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Schedule, Source } from '../config/options.js'
import { toError } from '../errors.js'
import { scheduleKey } from '../polling/plan.js'
import type { CycleReport } from '../polling/report.js'
import { untilAborted } from '../publish/until-aborted.js'
import type { Instant } from '../schedule/clock.js'
import { cronTicks, intervalTicks, phaseOf } from '../schedule/ticks.js'

/** Ticks of a schedule that passed while no agent ran, or one that was killed before their cycle was over. */
export interface Gap {
  readonly schedule: Schedule
  readonly missed: number
  /** When the last cycle that ended had begun; without one, when the schedule came to be polled. */
  readonly since: Instant
}

/** Remembers from run to run when each schedule was last polled. Polling never waits for it. */
export interface CycleRecord {
  /** What these sources missed between an earlier run and this start. No record is no gap. */
  gaps(sources: readonly Pick<Source, 'schedule'>[], start: Instant): Promise<readonly Gap[]>
  /**
   * From now on these are polled. What they miss is reckoned from here until their first cycle is over, but for those
   * that were polled before; the others are forgotten.
   */
  polls(sources: readonly Pick<Source, 'schedule'>[], now: Instant): void
  /** A cycle of this run is over. What is not polled any more is not recorded. */
  finished(report: Pick<CycleReport, 'schedules' | 'startedAt'>): void
  /** Resolves when what was told is written, or at the signal. */
  settled(signal: AbortSignal): Promise<void>
}

export interface CycleRecordOptions {
  /** Its folder need not be there. */
  readonly path: string
  /** The host's name; gives the phase of its grid. */
  readonly host: string
  /** Names this boot of the host: a record of another says nothing of this one's monotonic clock. */
  readonly bootId: string
  /** Told once in a row of failures. */
  onUnwritable(error: Error): void
}

/** Linux's id of the boot; empty where there is none. */
export function readBootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return ''
  }
}

/** By schedule, when its last cycle began, or since when it is to be polled. */
type LastPolls = Map<string, Instant>

class CycleRecordFile implements CycleRecord {
  readonly #options: CycleRecordOptions
  /** Of an earlier run. */
  readonly #before: Promise<LastPolls>
  #polled: LastPolls = new Map()
  #writing: Promise<void> | undefined
  #due = false
  #writable = true

  constructor(options: CycleRecordOptions) {
    this.#options = options
    this.#before = readFile(options.path, 'utf8').then(
      (text) => parse(text, options.bootId),
      () => new Map<string, Instant>(),
    )
  }

  async gaps(sources: readonly Pick<Source, 'schedule'>[], start: Instant): Promise<readonly Gap[]> {
    const before = await this.#before
    const schedules = new Map(sources.map(({ schedule }) => [scheduleKey(schedule), schedule]))
    return [...schedules].flatMap(([key, schedule]) => {
      const since = before.get(key)
      if (since === undefined) return []
      const missed = missedSince(since, start, schedule, this.#options.host)
      return missed === 0 ? [] : [{ schedule, missed, since }]
    })
  }

  polls(sources: readonly Pick<Source, 'schedule'>[], now: Instant): void {
    const keys = sources.map(({ schedule }) => scheduleKey(schedule))
    this.#polled = new Map(keys.map((key) => [key, this.#polled.get(key) ?? now]))
    this.#record()
  }

  finished({ schedules, startedAt }: Pick<CycleReport, 'schedules' | 'startedAt'>): void {
    for (const key of schedules.map(scheduleKey)) if (this.#polled.has(key)) this.#polled.set(key, startedAt)
    this.#record()
  }

  #record(): void {
    this.#due = true
    this.#writing ??= this.#write().finally(() => (this.#writing = undefined))
  }

  async settled(signal: AbortSignal): Promise<void> {
    if (this.#writing !== undefined) await untilAborted(this.#writing, signal).catch(() => undefined)
  }

  async #write(): Promise<void> {
    await this.#before
    while (this.#due) {
      this.#due = false
      try {
        await this.#replace()
        this.#writable = true
      } catch (error) {
        if (this.#writable) this.#options.onUnwritable(toError(error))
        this.#writable = false
      }
    }
  }

  async #replace(): Promise<void> {
    const { path, bootId } = this.#options
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await writeFile(`${path}.new`, render(this.#polled, bootId), { mode: 0o600 })
    await rename(`${path}.new`, path)
  }
}

/**
 * Keeps it in a file: `{"boot":"…","polled":{"every 60 s":[<wall ms>,<monotonic seconds>],…}}`, written anew after each
 * cycle and reload and renamed; not synced, since it need not outlive the host.
 */
export function createCycleRecord(options: CycleRecordOptions): CycleRecord {
  return new CycleRecordFile(options)
}

function missedSince(since: Instant, start: Instant, schedule: Schedule, host: string): number {
  const ticks =
    schedule.kind === 'cron'
      ? cronTicks(schedule.expression, schedule.timeZone, since)
      : intervalTicks({ seconds: schedule.seconds, phase: phaseOf(host), atOnce: false, now: since })
  return ticks.skip(start)
}

function render(polled: LastPolls, boot: string): string {
  const entries = [...polled].map(([key, { wallMs, monotonicSeconds }]) => [key, [wallMs, monotonicSeconds]])
  return JSON.stringify({ boot, polled: Object.fromEntries(entries) as unknown })
}

/** Of what is no record of this boot: nothing. */
function parse(text: string, bootId: string): LastPolls {
  try {
    const { boot, polled } = JSON.parse(text) as { boot?: unknown; polled?: unknown }
    if (boot !== bootId || typeof polled !== 'object' || polled === null) return new Map()
    return new Map(
      Object.entries(polled).flatMap(([key, value]: [string, unknown]) => {
        const [wallMs, monotonicSeconds] = Array.isArray(value) ? (value as unknown[]) : []
        return typeof wallMs === 'number' && typeof monotonicSeconds === 'number'
          ? [[key, { wallMs, monotonicSeconds }] as const]
          : []
      }),
    )
  } catch {
    return new Map()
  }
}
