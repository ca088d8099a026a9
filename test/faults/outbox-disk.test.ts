import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { removeAgents, startAgent, type Agent } from '../support/agent.js'
import { openBrokerSide } from '../support/broker.js'
import { ledgerOf, recordFault } from '../support/fault-record.js'
import { openLab } from '../support/lab.js'
import { statusEndpoint, sumOf, type StatusEndpoint } from '../support/status-endpoint.js'
import { folderOf } from '../support/virtpoll.js'
import { waitFor } from '../support/wait-for.js'
import { startConsumer } from './soak/consumer.js'

const lab = openLab()
const run = promisify(execFile)
const nobody = 'rabbit://guest:guest@127.0.0.1:1/'
let disk: string

beforeAll(() => lab.createDomain({ number: 0xc21 }, 'paused'))
beforeEach(async () => {
  disk = join(await folderOf({}), 'disk')
  await mkdir(disk)
  await run('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk])
})
afterEach(async () => {
  // Its file system ends when the last file in it is closed.
  await run('umount', ['--lazy', disk])
  await removeAgents()
})
afterAll(() => lab.removeDomains())

/** An agent with its outbox on that disk and no broker. */
async function agentOn(endpoint: StatusEndpoint, topic: string, transportUrl = nobody): Promise<Agent> {
  const publisher = { exchange: topic, topics: [topic], transport_url: transportUrl }
  return startAgent({
    agent: { http: endpoint.http, publisher, outbox: { directory: join(disk, 'outbox') } },
  })
}

const produced = (agents: readonly Agent[]) =>
  agents.flatMap((agent) => agent.cycles()).reduce((sum, { samples }) => sum + samples, 0)
const away = 'outbox away; notifications wait in memory'

interface DiskFault {
  readonly fault: string
  /** Of the operating system, in the error's message. */
  readonly says: string
  happen(): Promise<unknown>
  mend(): Promise<unknown>
}

const filler = () => join(disk, 'filler')
const faults: readonly DiskFault[] = [
  {
    fault: 'outbox on a full disk',
    says: 'ENOSPC',
    happen: () => writeFile(filler(), Buffer.alloc(16 << 20)).catch(() => undefined),
    mend: () => rm(filler()),
  },
  {
    fault: 'outbox on a read-only disk',
    says: 'EROFS',
    // The agent's lock is open for writing, so what is there cannot be made read-only: it is covered.
    happen: async () => {
      await run('mount', ['--bind', disk, disk])
      await run('mount', ['-o', 'remount,bind,ro', disk])
    },
    mend: () => run('umount', ['--lazy', disk]),
  },
]

test.each(faults.map((it) => [it.fault, it] as const))(
  '%s is one line when it begins and one when all is on it, and loses nothing',
  async (_, it) => {
    const endpoint = await statusEndpoint()
    const topic = it.says.toLowerCase()
    const first = await agentOn(endpoint, topic)
    await first.moreCycles(2)
    await it.happen()
    const { err } = await first.line(({ msg }) => msg === away)
    expect(err).toMatchObject({
      code: 'OUTBOX_UNWRITABLE',
      message: expect.stringContaining(it.says) as string,
    })
    await first.moreCycles(3)
    await it.mend()
    await first.line(({ msg }) => msg === 'outbox back')
    expect([first.said(away).length, first.said('outbox back').length]).toEqual([1, 1])
    expect(sumOf(await endpoint.metrics(), 'virtpoll_samples_dropped_total')).toBe(0)
    expect((await first.stop()).code).toBe(0)

    const second = await agentOn(endpoint, topic, lab.transportUrl)
    const consumer = startConsumer(lab.amqpUrl, `${topic}.sample`)
    await second.freshCycle()
    await waitFor('the backlog is gone', async () => {
      return sumOf(await endpoint.metrics(), 'virtpoll_outbox_samples') === 0
    })
    expect((await second.stop()).code).toBe(0)
    await waitFor('everything came', () => consumer.samples.size >= produced([first, second]))
    await consumer.close()
    expect(consumer.changed).toEqual([])
    const { repeats } = consumer
    recordFault({ fault: it.fault, ...ledgerOf(first, second), received: consumer.samples.size, repeats })
    await (await openBrokerSide({ exchange: topic, topic })).close()
  },
)

test('an outbox that is read-only from the start stays in memory, and is used when it can be', async () => {
  await run('mount', ['-o', 'remount,ro', disk])
  const endpoint = await statusEndpoint()
  const agent = await agentOn(endpoint, 'from-the-start')
  expect(agent.said(away)).toHaveLength(1)
  await agent.moreCycles(2)
  await run('mount', ['-o', 'remount,rw', disk])
  await agent.line(({ msg }) => msg === 'outbox back')
  expect(sumOf(await endpoint.metrics(), 'virtpoll_samples_dropped_total')).toBe(0)
  await agent.stop()
})

test('files damaged in their first line or their samples are moved aside, counted and said, and the others sent', async () => {
  const endpoint = await statusEndpoint()
  const topic = 'damaged'
  const first = await agentOn(endpoint, topic)
  await first.moreCycles(3)
  await first.stop()
  const outbox = join(disk, 'outbox')
  const names = (await readdir(outbox)).filter((name) => name.endsWith('.notification')).toSorted()
  const damage = async (name: string, change: (file: string) => string): Promise<void> => {
    const path = join(outbox, name)
    await writeFile(path, change(await readFile(path, 'latin1')), 'latin1')
  }
  await damage(names[0]!, (file) => file.replace(/"messageId":"./, '"messageId":"x'))
  await damage(names[1]!, (file) => file.replace(/.\]$/, ' ]'))
  const samplesOf = (name: string) => Number(name.split('-')[1])
  const lost = samplesOf(names[0]!) + samplesOf(names[1]!)

  const second = await agentOn(endpoint, topic, lab.transportUrl)
  const consumer = startConsumer(lab.amqpUrl, `${topic}.sample`)
  await waitFor('both were found', () => second.said('outbox file damaged').length === 2)
  await second.freshCycle()
  const metrics = await endpoint.metrics()
  expect((await second.stop()).code).toBe(0)
  expect(sumOf(metrics, 'virtpoll_samples_dropped_total')).toBe(lost)
  expect(metrics.get('virtpoll_outbox_bad_files_total{kind="damaged"}')).toBe(2)
  expect((await readdir(join(outbox, 'damaged'))).toSorted()).toEqual(names.slice(0, 2))
  await waitFor('the others came', () => consumer.samples.size >= produced([first, second]) - lost)
  await consumer.close()
  expect(consumer.samples.size).toBe(produced([first, second]) - lost)
  await (await openBrokerSide({ exchange: topic, topic })).close()
})
