import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { removeAgents, startAgent } from '../support/agent.js'
import { openLab, qemuPid, type LabDomain } from '../support/lab.js'
import { parseSamples } from '../support/virsh-volumes.js'
import { folderOf, runVirtpoll } from '../support/virtpoll.js'

const lab = openLab()
const agentYaml = { libvirt: { call_timeout_seconds: 1 }, publisher: { driver: 'noop' } }
let stuck: LabDomain
let well: LabDomain

beforeAll(async () => {
  stuck = await lab.createDomain({ number: 0xa01 }, 'paused')
  well = await lab.createDomain({ number: 0xa02 }, 'paused')
})
afterEach(async () => {
  await removeAgents()
  process.kill(qemuPid(stuck), 'SIGCONT')
})
afterAll(() => lab.removeDomains())

test('poll-once gives what a stuck domain still has and all of the others, says so and ends with 1', async () => {
  process.kill(qemuPid(stuck), 'SIGSTOP')
  const folder = await folderOf({ 'agent.yaml': agentYaml })
  const args = ['poll-once', '--config', `${folder}/agent.yaml`, '--meter', '*']
  const { code, stdout, stderr, seconds } = await runVirtpoll(args)
  const samples = parseSamples(stdout)
  const metersOf = ({ uuid }: LabDomain) =>
    samples
      .filter(({ resource_metadata: { instance_id: id } }) => id === uuid)
      .map(({ counter_name: meter }) => meter)
  expect(metersOf(well)).toHaveLength(26)
  expect(metersOf(stuck)).toEqual(expect.arrayContaining(['power.state', 'cpu', 'network.incoming.bytes']))
  expect(metersOf(stuck)).not.toContain('disk.device.read.bytes')
  expect([code, seconds < 15]).toEqual([1, true])
  expect(stderr).toContain(`disk.device.read.bytes: stuck, `)
})

test('the agent says of a domain once that it is stuck and once that it answers again, and polls the others', async () => {
  const agent = await startAgent({ agent: { libvirt: { call_timeout_seconds: 1 } } })
  expect(await agent.freshCycle()).toMatchObject({ samples: 52 })
  process.kill(qemuPid(stuck), 'SIGSTOP')
  const said = await agent.line(({ msg }) => msg.startsWith('domain stuck'))
  expect(said).toMatchObject({ level: 'warn', uuid: stuck.uuid })
  const during = await agent.freshCycle()
  expect([during.samples >= 26 + 2, during.missing['stuck']! > 0]).toEqual([true, true])
  process.kill(qemuPid(stuck), 'SIGCONT')
  await agent.line(({ msg }) => msg === 'domain answers again')
  await agent.freshCycle()
  expect(await agent.freshCycle()).toMatchObject({ samples: 52 })
  expect((await agent.stop()).code).toBe(0)
  const count = (start: string) => agent.lines.filter(({ msg }) => msg.startsWith(start)).length
  expect([count('domain stuck'), count('domain answers again')]).toEqual([1, 1])
})

test('the agent ends within 5 seconds of SIGTERM while a call hangs', async () => {
  const agent = await startAgent({ agent: { libvirt: { call_timeout_seconds: 30 } } })
  await agent.freshCycle()
  process.kill(qemuPid(stuck), 'SIGSTOP')
  // No further cycle ends while the call hangs; an interval later one is surely under way.
  await sleep(1500)
  const asked = performance.now()
  const { code } = await agent.stop()
  expect([code, performance.now() - asked < 5000]).toEqual([0, true])
})
