import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { openDiskOutbox } from '../../src/publish/disk-outbox.js'
import { createFilePublisher } from '../../src/publish/file-publisher.js'
import { decodeFile } from '../../src/publish/outbox-file.js'
import { createOutboxFolder } from '../../src/publish/outbox-folder.js'
import type { Notification, Outbox } from '../../src/publish/publisher.js'
import { systemClock } from '../../src/schedule/clock.js'
import { holder, namesIn, newOutboxPath, removeOutboxes, runOutbox } from '../support/disk-outbox.js'
import { createFakePublisher } from '../support/fake-publisher.js'
import { endOf } from '../support/virtpoll.js'
import { waitFor } from '../support/wait-for.js'

const program = fileURLToPath(new URL('../support/outbox-process.js', import.meta.url))
const kills = 25

/** Starts a process that puts notifications into the outbox and delivers them to `target`. */
function launch(path: string, target: string, run: string): ChildProcess {
  return spawn(process.execPath, [program, path, target, run], { stdio: ['ignore', 'pipe', 'pipe'] })
}

async function opened(child: ChildProcess): Promise<void> {
  if (child.stdout === null) throw new Error('its output is not piped')
  await once(child.stdout, 'data')
}

afterEach(removeOutboxes)

describe('an outbox whose process is killed at any moment', () => {
  it(`has delivered, after ${kills} kills, everything that had a file, and lost only the latest`, async () => {
    const path = await newOutboxPath()
    const target = join(dirname(path), 'delivered.jsonl')
    const hadFile = new Set<string>()
    for (let run = 0; run < kills; run += 1) {
      const child = launch(path, target, `run${run}`)
      const ended = endOf(child)
      await opened(child)
      await sleep(Math.random() * 150)
      child.kill('SIGKILL')
      await ended
      for (const name of await namesIn(path)) {
        if (name.endsWith('.notification')) hadFile.add((await notificationIn(join(path, name))).messageId)
      }
    }
    const outbox = await lastRun(path, target)
    await waitFor('the rest is delivered', () => outbox.figures.queuedNotifications === 0)
    await waitFor('no file is left', async () => (await namesIn(path)).length === 0)
    await outbox.close(AbortSignal.abort())

    const delivered = await deliveredIn(target)
    expect(hadFile.size).toBeGreaterThan(kills)
    expect([...hadFile].filter((id) => !delivered.has(id))).toEqual([])
    expect(outbox.figures.droppedSamples).toMatchObject({ damaged: 0, rejected: 0 })
    for (let run = 0; run < kills; run += 1) expectUnbroken([...delivered.keys()], `run${run}-`)
  })
})

describe('an outbox that another process holds', () => {
  it('is refused, naming the holder, and free again when that was killed', async () => {
    const path = await newOutboxPath()
    const child = launch(path, join(dirname(path), 'delivered.jsonl'), 'first')
    const ended = endOf(child)
    await opened(child)
    await expect(runOutbox(path, [createFakePublisher()])).rejects.toMatchObject({
      name: 'ConfigError',
      code: 'OUTBOX_HELD',
      message: expect.stringContaining(`process ${String(child.pid)}, since 20`) as string,
    })
    child.kill('SIGKILL')
    await ended
    const run = await runOutbox(path, [createFakePublisher()])
    expect(run.outages).toEqual([])
    await run.stop()
  })
})

/** Delivers what is left. */
function lastRun(path: string, target: string): Promise<Outbox> {
  const ignore = (): void => undefined
  return openDiskOutbox(
    [{ publisher: createFilePublisher(target), key: '0123456789ab' }],
    { maxBytes: 1e9, maxAgeSeconds: 3600, order: 'oldest-first' },
    {
      ...{
        folder: createOutboxFolder(path, holder),
        clock: systemClock,
        random: Math.random,
        onRejected: ignore,
      },
      observer: { onOpened: ignore, onOutage: ignore, onRecovered: ignore, onDamaged: ignore },
    },
  )
}

async function notificationIn(path: string): Promise<Notification> {
  const decoded = decodeFile(await readFile(path), 0)
  if ('damage' in decoded) throw new Error(`${path} is damaged: ${decoded.damage}`)
  return decoded
}

/** Id → line; throws when two lines of one id differ. The half lines of killed writers are passed over. */
async function deliveredIn(target: string): Promise<Map<string, string>> {
  const delivered = new Map<string, string>()
  for (const line of (await readFile(target, 'utf8')).split('\n')) {
    if (!line.endsWith('}')) continue
    const { run, number } = JSON.parse(line) as { run: string; number: number }
    const id = `${run}-${number}`
    expect(delivered.get(id) ?? line).toBe(line)
    delivered.set(id, line)
  }
  return delivered
}

/** Numbers from 0 up, none left out, in whatever order they came. */
function expectUnbroken(ids: readonly string[], prefix: string): void {
  const numbers = ids.filter((id) => id.startsWith(prefix)).map((id) => Number(id.slice(prefix.length)))
  expect(numbers.toSorted((a, b) => a - b)).toEqual(numbers.map((_, index) => index))
}
