import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { removeAgents, startAgent, type Agent } from '../support/agent.js'
import { openLab } from '../support/lab.js'
import { startOsloListener, type OsloListener } from '../support/oslo-listener.js'
import { folderOf } from '../support/virtpoll.js'
import { waitFor } from '../support/wait-for.js'

const lab = openLab()

beforeAll(async () => {
  await lab.createDomain({ number: 0x701 }, 'paused')
  await lab.createDomain({ number: 0x702 }, 'paused')
})
afterEach(async () => {
  await removeAgents()
  await lab.service('rabbitmq', 'start')
  await lab.service('libvirtd', 'start')
})
afterAll(() => lab.removeDomains())

const producedBy = (agent: Agent): number => agent.cycles().reduce((sum, { samples }) => sum + samples, 0)
const samplesIn = ({ waiting }: OsloListener): unknown[] =>
  waiting.flatMap(({ payload }) => payload.samples!.map(({ message_id: id }) => id))

/** Stops the agent and waits until the listener has every sample that the agent made, each once. */
async function expectAllDelivered(agent: Agent, listener: OsloListener): Promise<void> {
  expect((await agent.stop()).code).toBe(0)
  const produced = producedBy(agent)
  await waitFor('all samples came', () => new Set(samplesIn(listener)).size >= produced)
  expect(new Set(samplesIn(listener)).size).toBe(produced)
  expect(agent.said('samples lost: not delivered in time')).toEqual([])
}

const away = 'destination away; notifications wait in the outbox'
const back = 'destination back'

test('a broker that is down at the start gets, when it comes, what was polled meanwhile', async () => {
  await lab.service('rabbitmq', 'stop')
  const agent = await startAgent({ agent: { publisher: { topics: ['late'] } } })
  await agent.line(({ msg }) => msg === away)
  await agent.freshCycle()
  await agent.freshCycle()
  expect(agent.cycles().at(-1)).toMatchObject({ samples: 52 })
  await lab.service('rabbitmq', 'start')
  await agent.line(({ msg }) => msg === back)
  const listener = await startOsloListener({ url: lab.transportUrl, topics: ['late'] })
  await expectAllDelivered(agent, listener)
  await listener.stop()
  expect([agent.said(away).length, agent.said(back).length]).toEqual([1, 1])
})

test('an agent that is told to stop while its broker is down leaves the rest to the next agent', async () => {
  await lab.service('rabbitmq', 'stop')
  const outbox = { directory: await folderOf({}) }
  const options = { agent: { publisher: { topics: ['kept'] }, outbox } }
  const first = await startAgent(options)
  await first.freshCycle()
  expect((await first.stop()).code).toBe(0)
  await lab.service('rabbitmq', 'start')
  const listener = await startOsloListener({ url: lab.transportUrl, topics: ['kept'] })
  const second = await startAgent(options)
  await second.freshCycle()
  expect((await second.stop()).code).toBe(0)
  const produced = producedBy(first) + producedBy(second)
  await waitFor('all samples came', () => new Set(samplesIn(listener)).size >= produced)
  expect(samplesIn(listener)).toHaveLength(produced)
  await listener.stop()
})

test('a broker that is killed in mid-run loses nothing that it had not confirmed', async () => {
  const listener = await startOsloListener({ url: lab.transportUrl, topics: ['killed'] })
  const agent = await startAgent({ agent: { publisher: { topics: ['killed'] } } })
  await agent.freshCycle()
  // What the broker confirmed and its consumer has not yet is lost with a queue that is not durable.
  await waitFor('the listener has caught up', () => samplesIn(listener).length === producedBy(agent))
  await lab.service('rabbitmq', 'kill')
  await agent.line(({ msg }) => msg === away)
  await agent.freshCycle()
  await lab.service('rabbitmq', 'start')
  await agent.line(({ msg }) => msg === back)
  await agent.freshCycle()
  await expectAllDelivered(agent, listener)
  await listener.stop()
  expect([agent.said(away).length, agent.said(back).length]).toEqual([1, 1])
  const begun = agent.cycles().map(({ samples }) => samples)
  expect(new Set(begun)).toEqual(new Set([52]))
})

test('a libvirtd that restarts is said to be gone and back once each, and the next cycle is complete', async () => {
  const agent = await startAgent()
  const before = await agent.freshCycle()
  await lab.service('libvirtd', 'stop')
  const lost = await agent.line(({ msg }) => msg === 'libvirt away')
  const during = await agent.freshCycle()
  await agent.freshCycle()
  await lab.service('libvirtd', 'start')
  await agent.line(({ msg }) => msg === 'libvirt back')
  const after = await agent.freshCycle()
  await agent.stop()
  expect([before.samples, during.samples, after.samples]).toEqual([52, 0, 52])
  expect(after.instances).toBe(2)
  expect([lost.level, lost.err!.code]).toEqual(['error', 'LIBVIRT_UNREACHABLE'])
  expect([agent.said('libvirt away').length, agent.said('libvirt back').length]).toEqual([1, 1])
  expect(agent.complaints().filter(({ msg }) => msg !== 'libvirt away').length).toBeLessThan(2)
})

test('an agent that starts without libvirt polls as soon as it is there', async () => {
  await lab.service('libvirtd', 'stop')
  const agent = await startAgent()
  await agent.line(({ msg }) => msg === 'libvirt away')
  await lab.service('libvirtd', 'start')
  await agent.line(({ msg }) => msg === 'libvirt back')
  expect(await agent.freshCycle()).toMatchObject({ instances: 2, samples: 52 })
})
