import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { removeAgents, startAgent } from '../support/agent.js'
import { openLab } from '../support/lab.js'

const lab = openLab()

beforeAll(async () => {
  await lab.createDomain({ number: 0x601 }, 'paused')
})
afterEach(removeAgents)
afterAll(() => lab.removeDomains())

const source = (...meters: readonly string[]) => ({ sources: [{ name: 'reloaded', interval: 1, meters }] })
const read = 'polling.yaml read again'
const refused = 'polling.yaml cannot be used; the old one stays in force'

test('SIGHUP puts a good polling.yaml in force, and keeps the old one when the new one is bad', async () => {
  const agent = await startAgent({ polling: source('vcpus') })
  expect(await agent.freshCycle()).toMatchObject({ samples: 1, expected: 1 })

  await agent.reload(source('vcpus', 'memory'))
  await agent.line(({ msg }) => msg === read)
  expect(await agent.freshCycle()).toMatchObject({ samples: 2, expected: 2 })

  await agent.reload('sources:\n  - name: reloaded\n    interval: never\n    meters: [cpu]\n')
  const { level, err } = await agent.line(({ msg }) => msg === refused)
  expect([level, err!.code]).toEqual(['error', 'CONFIG_INVALID'])
  expect(err!.message).toContain('polling.yaml:3:15 sources[0].interval: ')
  expect(await agent.freshCycle()).toMatchObject({ samples: 2, expected: 2 })

  await agent.reload(source('vcpus', 'memory', 'power.state', 'memory.residnet'))
  await agent.line(({ msg }) => msg.includes('did you mean "memory.resident"?'))
  expect(await agent.freshCycle()).toMatchObject({ samples: 3, expected: 3 })

  const { code } = await agent.stop()
  expect([code, agent.said(read).length, agent.said(refused).length]).toEqual([0, 2, 1])
  expect(agent.complaints()).toHaveLength(2)
})

test('SIGHUP while the agent is still starting does not end it, and has polling.yaml read again', async () => {
  const hangsUp = "process.kill(process.pid, 'SIGHUP'); export default { apiVersion: 1, pollsters: [] }"
  const agent = await startAgent({
    agent: { polling: { pollsters: ['own.mjs'] } },
    polling: source('vcpus'),
    files: { 'own.mjs': hangsUp },
  })
  await agent.line(({ msg }) => msg === read)
  expect(await agent.freshCycle()).toMatchObject({ samples: 1, expected: 1 })
})
