import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { removeAgents, startAgent } from '../support/agent.js'
import { ledgerOf, recordFault } from '../support/fault-record.js'
import { openLab } from '../support/lab.js'
import { virsh } from '../support/virsh.js'
import { waitFor } from '../support/wait-for.js'

const guests = 12
const callTimeout = 2
/** The last three need the monitor of a paused guest. */
const meters = [
  'power.state',
  'cpu',
  'vcpus',
  'memory.resident',
  'disk.device.read.bytes',
  'disk.device.capacity',
]

const lab = openLab()

beforeAll(async () => {
  for (let number = 0; number < guests; number += 1)
    await lab.createDomain({ number: 0xa80 + number }, 'paused')
})
afterEach(removeAgents)
afterAll(() => lab.removeDomains())

test('a domain that is busy with a block job and one that is being saved keep their samples', async () => {
  const agent = await startAgent({
    agent: {
      libvirt: { call_timeout_seconds: callTimeout },
      publisher: { driver: 'file', path: 'samples.jsonl' },
    },
    polling: { sources: [{ name: 'all', interval: 1, meters }] },
  })
  const copied = await lab.createDomain({ number: 0x8fd }, 'paused')
  const saved = await lab.createDomain({ number: 0x8fe }, 'paused')
  const pipe = join(agent.folder, 'pipe')
  // opens the pipe and reads no more than its first bytes
  const reader = spawn('bash', ['-c', `mkfifo ${pipe}; exec 3<>${pipe}; echo ready; sleep 60`])
  await new Promise((ready) => reader.stdout.once('data', ready))
  await virsh([
    ...['blockcopy', copied.name, 'vda', `/var/lib/libvirt/images/${copied.name}.copy`],
    ...['--transient-job', '--bandwidth', '1'],
  ])
  const saving = spawn('virsh', ['-q', '-c', 'qemu:///system', 'save', saved.name, pipe])
  await waitFor('it is being saved', async () =>
    /Save|Unbounded|Bounded/.test(await virsh(['domjobinfo', saved.name])),
  )

  const since = agent.cycles().length
  await agent.moreCycles(4)
  const cycles = agent.cycles().slice(since)

  saving.kill('SIGKILL')
  reader.kill('SIGKILL')
  for (const { samples, missing, seconds } of cycles.slice(1)) {
    expect({ samples, missing }).toEqual({ samples: (guests + 2) * meters.length, missing: {} })
    expect(seconds).toBeLessThan(callTimeout)
  }
  recordFault({ fault: 'guest busy with a block job, and another being saved', ...ledgerOf(agent) })
  await copied.remove()
  await saved.remove()
})
