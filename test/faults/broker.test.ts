import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { everything, removeAgents, startAgent, type Agent } from '../support/agent.js'
import { brokerTarget, openBrokerSide, rabbitmqctl, type BrokerSide } from '../support/broker.js'
import { ledgerOf, recordFault } from '../support/fault-record.js'
import { faultScale } from '../support/fault-scale.js'
import { holdingsOf, leaksOf, type Holdings } from '../support/holdings.js'
import { openLab } from '../support/lab.js'
import { statusEndpoint, sumOf, type StatusEndpoint } from '../support/status-endpoint.js'
import { startTcpCut, type TcpCut } from '../support/tcp-cut.js'
import { waitFor } from '../support/wait-for.js'
import { startConsumer, type Consumer } from './soak/consumer.js'

const reconnects = faultScale({ reduced: 20, full: 100 })
const outageCycles = faultScale({ reduced: 30, full: 60 })

vi.setConfig({ testTimeout: faultScale({ reduced: 180_000, full: 1_800_000 }) })

const lab = openLab()
const login = 'late'
let cut: TcpCut

beforeAll(async () => {
  for (const number of [0xc01, 0xc02]) await lab.createDomain({ number }, 'paused')
})
afterEach(async () => {
  await removeAgents()
  await lab.service('rabbitmq', 'start')
  await cut.close()
})
afterAll(() => lab.removeDomains())

/** An agent whose broker fails, and somebody who counts what comes. */
interface Scene {
  readonly agent: Agent
  readonly endpoint: StatusEndpoint
  readonly topic: string
  /** None yet where the queue is not the agent's at first. */
  readonly consumer: Consumer | undefined
  /** What the agent held before its broker failed, or before it could tell. */
  readonly before: Holdings
}

interface SceneOptions {
  readonly query?: string
  readonly credentials?: string
  readonly publisher?: Readonly<Record<string, unknown>>
  /** Whose queue is there before the agent. */
  side?: BrokerSide
}

async function openScene({
  query = '',
  credentials = 'guest:guest',
  publisher,
  side,
}: SceneOptions = {}): Promise<Scene> {
  cut = await startTcpCut(brokerTarget)
  const topic = side?.topic ?? `broker-${randomUUID().slice(0, 8)}`
  const endpoint = await statusEndpoint()
  const agent = await startAgent({
    agent: {
      http: endpoint.http,
      publisher: {
        ...{ exchange: side?.exchange ?? topic, topics: [topic], ...publisher },
        transport_url: `rabbit://${credentials}@127.0.0.1:${cut.port}/${query}`,
      },
    },
  })
  await agent.moreCycles(2)
  const consumer = side === undefined ? consumerOf(topic) : undefined
  return { agent, endpoint, topic, consumer, before: holdingsOf(agent.pid) }
}

const consumerOf = (topic: string) => startConsumer(lab.amqpUrl, `${topic}.sample`)

const away = ({ agent }: Scene, since = 0) =>
  agent.line(({ msg }) => msg.startsWith('destination away'), since)
const back = ({ agent }: Scene, since = 0) => agent.line(({ msg }) => msg === 'destination back', since)
const figure = async ({ endpoint }: Scene, name: string) =>
  sumOf(await endpoint.metrics(), `virtpoll_${name}`)
const produced = ({ agent }: Scene) => agent.cycles().reduce((sum, { samples }) => sum + samples, 0)

/** What became of every sample when all is mended and the agent has ended. */
async function settle(scene: Scene, fault: string, times = 1) {
  const { agent, topic, consumer = consumerOf(topic), before } = scene
  // No cycle for an hour, so that nothing new is under way while the last is delivered.
  await agent.reload(everything(3600))
  await agent.line(({ msg }) => msg === 'polling.yaml read again')
  const isDelivered = async () =>
    (await figure(scene, 'outbox_samples')) === 0 && consumer.samples.size >= produced(scene)
  await waitFor('everything is delivered', isDelivered, 90)
  const held = holdingsOf(agent.pid)
  const missedTicks = (await scene.endpoint.metrics()).get('virtpoll_ticks_missed_total')
  const { code } = await agent.stop()
  await waitFor('everything came', () => consumer.samples.size >= produced(scene), 60)
  await consumer.close()
  await (await openBrokerSide({ exchange: topic, topic })).close()
  const { repeats, changed, samples } = consumer
  recordFault({ fault, times, ...ledgerOf(agent), received: samples.size, repeats, before, after: held })
  const codes = agent.lines
    .filter(({ msg }) => msg.startsWith('destination away'))
    .map(({ err }) => err?.code)
  return {
    code,
    codes,
    // One that waited for the broker would miss a tick a second.
    heldUpPolling: missedTicks === undefined || missedTicks > 2,
    lost: produced(scene) - samples.size,
    leaks: leaksOf(before, held),
    changed,
    backs: agent.said('destination back').length,
  }
}

const nothingLost = { code: 0, lost: 0, changed: [], leaks: [], heldUpPolling: false }

describe('no sample is lost, none changed and none held up polling while the broker', () => {
  test('cuts the connection again and again', async () => {
    const scene = await openScene({ query: '?kombu_reconnect_delay=0.2' })
    const { agent } = scene
    for (let round = 1; round <= reconnects; round += 1) {
      await cut.cut()
      await cut.mend()
      const isBack = async () => (await figure(scene, 'destination_reconnects_total')) === round
      await waitFor(`reconnected ${round} times`, isBack)
    }
    await agent.freshCycle()
    expect(await settle(scene, 'connection to the broker cut', reconnects)).toMatchObject(nothingLost)
  })

  test('refuses connections', async () => {
    const scene = await openScene()
    await cut.cut()
    await away(scene)
    await scene.agent.moreCycles(outageCycles, outageCycles + 40)
    await cut.mend()
    await back(scene)
    expect(await settle(scene, 'broker refuses connections')).toEqual({
      ...nothingLost,
      ...{ codes: ['BROKER_UNREACHABLE'], backs: 1 },
    })
  })

  test('accepts and says nothing', async () => {
    const scene = await openScene({ query: '?heartbeat_timeout_threshold=4' })
    const pid = await lab.servicePid('rabbitmq')
    process.kill(pid, 'SIGSTOP')
    try {
      await away(scene)
      await scene.agent.moreCycles(outageCycles, outageCycles + 40)
    } finally {
      process.kill(pid, 'SIGCONT')
    }
    await back(scene)
    const settled = await settle(scene, 'broker accepts and says nothing')
    expect(settled).toMatchObject({ ...nothingLost, backs: 1 })
  })

  test('is under its memory alarm', async () => {
    const scene = await openScene()
    await rabbitmqctl('set_vm_memory_high_watermark', '0.000001')
    try {
      await away(scene)
      await scene.agent.moreCycles(outageCycles, outageCycles + 40)
    } finally {
      await rabbitmqctl('set_vm_memory_high_watermark', '0.4')
    }
    await back(scene)
    expect(await settle(scene, 'memory alarm of the broker')).toEqual({
      ...nothingLost,
      ...{ codes: ['BROKER_BLOCKED'], backs: 1 },
    })
  })

  test('loses its queue', async () => {
    const scene = await openScene()
    await waitFor('the empty queue is deleted', () => scene.consumer!.deleteQueue().then(() => true))
    await waitFor('it was noticed', async () => (await figure(scene, 'notifications_returned_total')) > 0)
    expect(await settle(scene, 'queue deleted')).toEqual({ ...nothingLost, codes: [], backs: 0 })
  })

  test('refuses the password', async () => {
    await rabbitmqctl('add_user', login, 'not-this')
    try {
      await rabbitmqctl('set_permissions', login, '.*', '.*', '.*')
      const scene = await openScene({ credentials: `${login}:this` })
      await away(scene)
      await scene.agent.moreCycles(outageCycles, outageCycles + 40)
      await rabbitmqctl('change_password', login, 'this')
      await back(scene)
      expect(await settle(scene, 'wrong password')).toEqual({
        ...nothingLost,
        ...{ codes: ['BROKER_REFUSED'], backs: 1 },
      })
    } finally {
      await rabbitmqctl('delete_user', login)
    }
  })

  test('has the queue declared in another way', async () => {
    const side = await openBrokerSide()
    await side.declareQueue({ durable: true })
    const scene = await openScene({ side })
    const { err } = await away(scene)
    expect(err?.message).toContain('406')
    await scene.agent.moreCycles(outageCycles, outageCycles + 40)
    await side.deleteQueue()
    await back(scene)
    expect(await settle(scene, 'queue declared in another way (406)')).toEqual({
      ...nothingLost,
      ...{ codes: ['BROKER_REFUSED'], backs: 1 },
    })
    await side.close()
  })
})
