import { createHash } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AgentError } from '../../src/errors.js'
import type { BacklogOptions } from '../../src/publish/backlog.js'
import type { Rejection } from '../../src/publish/destination-drain.js'
import { openDiskOutbox, type KeyedPublisher, type Recovered } from '../../src/publish/disk-outbox.js'
import { createOutboxFolder, type OutboxFolder } from '../../src/publish/outbox-folder.js'
import type { Notification, Outbox, Publisher } from '../../src/publish/publisher.js'
import { createFakeClock, type FakeClock } from './fake-clock.js'
import { createFakePublisher, type FakePublisher } from './fake-publisher.js'
import { away } from './outbox.js'
import { waitFor } from './wait-for.js'

const folders: string[] = []

/** The path of a folder that is not there yet, until `removeOutboxes`. */
export async function newOutboxPath(): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), 'virtpoll-outbox-'))
  folders.push(parent)
  return join(parent, 'outbox')
}

/** For `afterEach`. An outbox that was told to stop at once does not wait for what it is writing: hence the retries. */
export async function removeOutboxes(): Promise<void> {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true, maxRetries: 10 })
}

/** One run of an outbox, and what it told. */
export interface OutboxRun {
  readonly clock: FakeClock
  readonly outbox: Outbox
  readonly opened: readonly Recovered[]
  readonly outages: readonly AgentError[]
  readonly recoveries: readonly number[]
  readonly damages: readonly AgentError[]
  readonly rejections: readonly Rejection[]
  /** Ends it as SIGTERM does, with no time to deliver. */
  stop(): Promise<void>
}

export interface OutboxRunOptions extends Partial<BacklogOptions> {
  readonly clock?: FakeClock
  /** Default: a folder on disk. */
  readonly folder?: OutboxFolder
}

const roomy: BacklogOptions = { maxBytes: 1e9, maxAgeSeconds: 3600, order: 'oldest-first' }

export const holder = { pid: process.pid, sinceMs: Date.UTC(2026, 0, 1) }

/** Opens the outbox at `path` as an agent that starts does. */
export async function runOutbox(
  path: string,
  publishers: readonly Publisher[],
  { clock = createFakeClock(), folder = createOutboxFolder(path, holder), ...options }: OutboxRunOptions = {},
): Promise<OutboxRun> {
  const told = {
    ...{ opened: [] as Recovered[], outages: [] as AgentError[], recoveries: [] as number[] },
    ...{ damages: [] as AgentError[], rejections: [] as Rejection[] },
  }
  const outbox = await openDiskOutbox(
    publishers.map(keyed),
    { ...roomy, ...options },
    {
      ...{ clock, folder, random: () => 1 },
      onRejected: (rejection) => told.rejections.push(rejection),
      observer: {
        onOpened: (found) => told.opened.push(found),
        onOutage: (error) => told.outages.push(error),
        onRecovered: ({ seconds }) => told.recoveries.push(seconds),
        onDamaged: (error) => told.damages.push(error),
      },
    },
  )
  return { ...told, clock, outbox, stop: () => outbox.close(AbortSignal.abort()) }
}

/** A destination keeps its key as long as it keeps its name. */
export function keyed(publisher: Publisher): KeyedPublisher {
  return { publisher, key: createHash('sha256').update(publisher.name).digest('hex').slice(0, 12) }
}

/** Two samples in 10 bytes, or as many as asked for. */
export const notificationOf = (messageId: string, bytes = 10): Notification => ({
  messageId,
  createdAt: { wallMs: Date.UTC(2026, 0, 1), monotonicSeconds: 1000 },
  samplesJson: messageId.padEnd(bytes, '.'),
  sampleCount: 2,
})

export function putAll(outbox: Outbox, ids: readonly string[], bytes = 10): void {
  for (const id of ids) outbox.put(notificationOf(id, bytes))
}

/** The names in the outbox's folder, without the lock; empty where there is no folder. */
export async function namesIn(path: string): Promise<string[]> {
  const names = await readdir(path).catch(() => [])
  return names.filter((name) => name !== 'lock').toSorted()
}

export function storedInAll({ outbox }: OutboxRun): Promise<unknown> {
  return waitFor(
    'everything that waits is on disk',
    () => outbox.figures.storedNotifications === outbox.figures.queuedNotifications,
  )
}

/** Until there are that many files in the folder, whatever they are. */
export function fileCount(path: string, count: number): Promise<unknown> {
  return waitFor(`${count} files in ${path}`, async () => (await namesIn(path)).length === count)
}

/** Lets the clock run, a second at a time, until the probe is true. */
export function passing(clock: FakeClock, what: string, probe: () => boolean): Promise<unknown> {
  return waitFor(what, async () => {
    if (probe()) return true
    await clock.advance(1)
    return probe()
  })
}

/** A destination that is away. */
export function deadPublisher(name?: string): FakePublisher {
  const publisher = createFakePublisher(name)
  publisher.fail(away)
  return publisher
}

/** Leaves notifications in a folder, as a run that ended. */
export async function leave(path: string, ids: readonly string[]): Promise<string[]> {
  const run = await runOutbox(path, [deadPublisher()])
  putAll(run.outbox, ids)
  await storedInAll(run)
  await run.stop()
  return (await namesIn(path)).map((name) => join(path, name))
}
