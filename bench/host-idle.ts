import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { medianOf, ratioOfMedians, type Pair } from './figures.js'
import { runningGuests, settleGuests } from './host-domains.js'
import { memoryOf, pidOf, startCpuClock } from './host-processes.js'
import { usual } from './host-subjects.js'
import { startVirtpoll } from './host-virtpoll.js'
import type { Line } from './lines.js'

const pausedGuests = 12
const looks = 21
const idleSeconds = 60
/** After a cycle V8 collects once more what it left; that is of the cycle. */
const settlingSeconds = 20
const resident = 'resident_bytes'

/** The agent between two cycles, beside a node that does nothing at all. Only inside a lab. */
export async function benchIdle(part: string): Promise<readonly Line[]> {
  await settleGuests(pausedGuests)
  const clock = startCpuClock()
  const node = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e9)'], { stdio: 'ignore' })
  const agent = await startVirtpoll({ load: usual, sending: 'sending', http: '127.0.0.1:9377' })
  const pids = [agent.pid, pidOf(node)] as const
  await sleep(settlingSeconds * 1000)
  const cpuBefore = await clock.read([agent.pid])
  const memory: Pair[] = []
  for (let look = 0; look < looks; look += 1) {
    await sleep((idleSeconds * 1000) / looks)
    memory.push([memoryOf(pids[0]).residentBytes, memoryOf(pids[1]).residentBytes])
  }
  const cpuMs = ((await clock.read([agent.pid])) - cpuBefore) * 1000
  await agent.stop()
  node.kill()
  await once(node, 'close')
  await clock.stop()
  return linesOf(part, memory, cpuMs)
}

function linesOf(part: string, memory: readonly Pair[], cpuMs: number): readonly Line[] {
  const instances = runningGuests + pausedGuests
  const measured = { line: 'measured', part, instances } as const
  const goal = { line: 'goal', part } as const
  const agent = memory.map(([bytes]) => bytes)
  const node = memory.map(([, bytes]) => bytes)
  return [
    { ...measured, subject: 'virtpoll, idle', figure: resident, rounds: agent },
    { ...measured, subject: 'node, idle', figure: resident, instances: 0, rounds: node },
    { ...measured, subject: 'virtpoll, idle', figure: 'cpu_ms_per_minute', rounds: [cpuMs] },
    {
      ...{ ...goal, goal: 'idle: virtpoll / bare node, resident memory' },
      ...{ reached: ratioOfMedians(memory), limit: { atMost: 1.7 }, unit: '×' },
    },
    {
      ...{ ...goal, goal: 'idle: own CPU in a minute' },
      ...{ reached: medianOf([cpuMs]), limit: { atMost: 20 }, unit: 'ms' },
    },
  ]
}
