import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { diskOutboxes, type Destination } from '../../../src/agents/outboxes.js'
import { findAbandoned } from '../../../src/publish/abandoned-outboxes.js'
import { fileName } from '../../../src/publish/outbox-names.js'
import type { AgentOptions, PublisherOptions } from '../../../src/config/options.js'
import { namesIn, newOutboxPath, removeOutboxes } from '../../support/disk-outbox.js'
import { createFakeClock } from '../../support/fake-clock.js'
import { createFakePublisher } from '../../support/fake-publisher.js'

afterEach(removeOutboxes)

const publisherOptions: PublisherOptions = {
  driver: 'messagingv2',
  transportUrl: 'rabbit://guest:a-login@127.0.0.1/',
  exchange: 'ceilometer',
  topics: ['notifications'],
  publisherId: 'ceilometer.polling',
  telemetrySecret: 'a-secret',
  durable: false,
  quorum: false,
  path: undefined,
}

function destination(name: string, options: Partial<PublisherOptions> = {}): Destination {
  return { publisher: createFakePublisher(name), options: { ...publisherOptions, ...options } }
}

const ignore = (): void => undefined

/** Opens an outbox for each group, as one run of an agent, and ends it. */
async function runWith(directory: string, groups: readonly (readonly Destination[])[]): Promise<void> {
  const outbox = { directory, maxBytes: 1e9, maxAgeSeconds: 3600, order: 'oldest-first' } as const
  const open = diskOutboxes({ outbox } as unknown as AgentOptions, {
    ...{ clock: createFakeClock(), random: () => 1, pid: 1, onRejected: ignore },
    observe: () => ({ onOpened: ignore, onOutage: ignore, onRecovered: ignore, onDamaged: ignore }),
  })
  for (const group of groups) await (await open(group)).close(AbortSignal.abort())
}

describe('the outboxes of an agent', () => {
  it('are the folder itself, and a folder in it for each further telemetry secret', async () => {
    const path = await newOutboxPath()
    await runWith(path, [[destination('one')], [destination('two')], [destination('three')]])
    const [second = '', third = '', ...more] = await namesIn(path)
    expect([second, third].map((name) => /^also-[0-9a-f]{12}$/.test(name))).toEqual([true, true])
    expect(more).toEqual([])
  })

  it('have the same names in the next run, whatever became of login, secret and version of the wire', async () => {
    const path = await newOutboxPath()
    await runWith(path, [[destination('one')], [destination('two')]])
    const names = await namesIn(path)
    const changed = { telemetrySecret: 'new', transportUrl: 'rabbit://other@127.0.0.1/' }
    await runWith(path, [[destination('one')], [destination('two', { ...changed, driver: 'messaging' })]])
    expect(await namesIn(path)).toEqual(names)
  })

  it('are told apart by exchange, topics and path', async () => {
    const path = await newOutboxPath()
    const others = [{ exchange: 'other' }, { topics: ['other'] }, { path: '/other' }, {}]
    await runWith(path, [[destination('first')], ...others.map((options) => [destination('same', options)])])
    expect(await namesIn(path)).toHaveLength(4)
  })

  it('that nobody waits for any more are found with what they hold, and no others', async () => {
    const path = await newOutboxPath()
    const file = (stamp: number) => fileName({ stamp, sampleCount: 50, bytes: 10 })
    const [used, empty, left] = ['also-000000000001', 'also-000000000002', 'also-000000000003']
    for (const folder of [path, join(path, used), join(path, empty), join(path, left)]) {
      await mkdir(folder)
      if (!folder.endsWith(empty)) for (const stamp of [1, 2]) await writeFile(join(folder, file(stamp)), '')
    }
    const inUse = new Set([path, join(path, used)])
    const abandoned = { directory: join(path, left), notifications: 2, samples: 100 }
    expect(await findAbandoned(path, inUse)).toEqual([abandoned])
    const first = { ...abandoned, directory: path }
    expect(await findAbandoned(path, new Set([join(path, used)]))).toEqual([first, abandoned])
    await rm(path, { recursive: true })
    expect(await findAbandoned(path, inUse)).toEqual([])
  })

  it('are not on disk for destinations that take everything and keep nothing', async () => {
    const path = await newOutboxPath()
    await runWith(path, [[destination('log', { driver: 'log' }), destination('noop', { driver: 'noop' })]])
    await expect(readdir(path)).rejects.toThrow('ENOENT')
  })
})
