import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { removeAgents, startAgent, type Agent } from '../support/agent.js'
import { openBrokerSide } from '../support/broker.js'
import { samplesOf } from '../support/broker-record.js'
import { ledgerOf, recordFault } from '../support/fault-record.js'
import { openLab, qemuPid, type LabDomain } from '../support/lab.js'
import { savedIn } from '../support/notifications.js'
import { folderOf } from '../support/virtpoll.js'

const lab = openLab()
let stuck: LabDomain

beforeAll(async () => {
  stuck = await lab.createDomain({ number: 0xb21 }, 'paused')
  await lab.createDomain({ number: 0xb22 }, 'paused')
})
afterEach(async () => {
  await removeAgents()
  process.kill(qemuPid(stuck), 'SIGCONT')
})
afterAll(() => lab.removeDomains())

const nobody = 'rabbit://guest:guest@127.0.0.1:1/'

/** An outbox that outlives its agent. */
async function outbox(): Promise<{ readonly directory: string }> {
  return { directory: join(await folderOf({}), 'outbox') }
}

const produced = (agent: Agent): number => agent.cycles().reduce((sum, { samples }) => sum + samples, 0)

/** Ends it and says with which code and after how many seconds. */
async function end(agent: Agent): Promise<readonly [code: number | null, seconds: number]> {
  const since = performance.now()
  const { code } = await agent.stop()
  return [code, (performance.now() - since) / 1000]
}

test('SIGTERM while a call hangs and the broker is away ends in time, and what was polled is delivered by the next run', async () => {
  const kept = await outbox()
  const topic = 'saved'
  const publisher = { exchange: topic, topics: [topic], transport_url: nobody }
  const agent = await startAgent({
    agent: { publisher, outbox: kept, libvirt: { call_timeout_seconds: 60 } },
  })
  await agent.moreCycles(3)
  process.kill(qemuPid(stuck), 'SIGSTOP')
  // The one that may be under way ends; the one after it cannot.
  await expect(agent.moreCycles(2, 3)).rejects.toThrow('more cycles')
  const [code, seconds] = await end(agent)
  expect([code, seconds < 5]).toEqual([0, true])
  expect(agent.said('samples lost: not delivered in time')).toEqual([])
  const saved = await savedIn(kept.directory)
  expect([saved.length, new Set(saved).size]).toEqual([produced(agent), produced(agent)])

  process.kill(qemuPid(stuck), 'SIGCONT')
  const next = await startAgent({
    agent: { publisher: { ...publisher, transport_url: lab.transportUrl }, outbox: kept },
  })
  const [found] = next.said('outbox holds notifications of an earlier run')
  expect(found).toMatchObject({ samples: saved.length })
  await next.moreCycles(2)
  expect(await end(next)).toEqual([0, expect.any(Number)])
  const broker = await openBrokerSide({ exchange: topic, topic })
  const { messageCount } = await broker.onChannel((channel) => channel.checkQueue(broker.queue))
  const arrived = (await broker.take(messageCount)).flatMap(({ content }) => samplesOf(content))
  await broker.close()
  const ids = arrived.map(({ message_id: id }) => id as string)
  expect([ids.length, new Set(ids).size]).toEqual(Array(2).fill(saved.length + produced(next)))
  expect(saved.filter((id) => !ids.includes(id))).toEqual([])
  recordFault({
    fault: 'SIGTERM while a call hangs and the broker is away; started again',
    ...ledgerOf(agent, next),
    ...{ received: new Set(ids).size, repeats: ids.length - new Set(ids).size },
  })
})

test('SIGTERM while the broker accepts and says nothing ends in time, and everything is saved', async () => {
  const kept = await outbox()
  const silent = await silentServer()
  const agent = await startAgent({ agent: { publisher: { transport_url: silent.url }, outbox: kept } })
  await agent.moreCycles(3)
  const [code, seconds] = await end(agent)
  await silent.close()
  expect([code, seconds < 5]).toEqual([0, true])
  const saved = await savedIn(kept.directory)
  expect(saved).toHaveLength(produced(agent))
  recordFault({
    fault: 'SIGTERM while the broker accepts and says nothing; counted in the outbox',
    ...ledgerOf(agent),
    received: saved.length,
  })
})

test('SIGTERM while libvirtd says nothing to a first connection ends in time', async () => {
  const libvirtd = await lab.servicePid('libvirtd')
  process.kill(libvirtd, 'SIGSTOP')
  try {
    const agent = await startAgent()
    const [code, seconds] = await end(agent)
    expect([code, seconds < 5]).toEqual([0, true])
  } finally {
    process.kill(libvirtd, 'SIGCONT')
  }
})

test('a second SIGTERM ends at once, and what was safe on disk stays there', async () => {
  const kept = await outbox()
  const agent = await startAgent({
    agent: { publisher: { transport_url: nobody }, outbox: kept, libvirt: { call_timeout_seconds: 60 } },
  })
  await agent.moreCycles(3)
  process.kill(qemuPid(stuck), 'SIGSTOP')
  await expect(agent.moreCycles(2, 3)).rejects.toThrow('more cycles')
  agent.signal('SIGTERM')
  await agent.line(({ msg }) => msg === 'stopping')
  const [code, seconds] = await end(agent)
  expect([code, seconds < 1]).toEqual([1, true])
  const saved = await savedIn(kept.directory)
  expect(saved).toHaveLength(produced(agent))
  recordFault({
    fault: 'SIGTERM twice while a call hangs and the broker is away; counted in the outbox',
    ...ledgerOf(agent),
    received: saved.length,
  })
})

interface SilentServer {
  readonly url: string
  close(): Promise<void>
}

/** Takes connections and never says a word. */
async function silentServer(): Promise<SilentServer> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => sockets.add(socket.on('error', () => undefined)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `rabbit://guest:guest@127.0.0.1:${port}/`,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
