import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Agent } from '../../support/agent.js'
import { holdingsOf, type Holdings } from '../../support/holdings.js'
import { clients } from '../../support/libvirtd.js'
import { rabbitmqctl } from '../../support/broker.js'
import { sumOf, type StatusEndpoint } from '../../support/status-endpoint.js'
import { waitFor } from '../../support/wait-for.js'
import { sufferers, type FaultName, type PlannedFault, type Sufferer } from './plan.js'
import { strike, type Host } from './strikes.js'

export type Plan = Readonly<Record<Sufferer, Iterator<PlannedFault, never>>>

/** One fault that was made, Unix time. */
export interface MadeFault {
  readonly fault: FaultName
  readonly fromMs: number
  toMs?: number
}

export interface ActOptions {
  readonly seconds: number
  /** Faults that are passed over. */
  readonly without: readonly FaultName[]
  readonly journal: MadeFault[]
}

/** Lets every sufferer have its faults, one after the other, for so long; the last of each are mended at its end. */
export async function act(host: Host, plan: Plan, { seconds, without, journal }: ActOptions): Promise<void> {
  const untilMs = performance.now() + seconds * 1000
  const suffer = async (sufferer: Sufferer): Promise<void> => {
    while (performance.now() < untilMs) {
      const planned = plan[sufferer].next().value
      if (without.includes(planned.fault)) continue
      await sleep(planned.gapSeconds * 1000)
      const made: MadeFault = { fault: planned.fault, fromMs: Date.now() }
      journal.push(made)
      await strike(host, planned)
      made.toMs = Date.now()
    }
  }
  const ends = await Promise.allSettled(sufferers.map(suffer))
  const [failed] = ends.filter((end) => end.status === 'rejected')
  if (failed !== undefined) throw new Error('a fault could not be made or mended', { cause: failed.reason })
}

/** Whatever state an act left the host in, everything runs and every guest is there. */
export async function mend({ lab, guests, cut, lives }: Host): Promise<void> {
  lives.agent.signal('SIGCONT')
  for (const spec of guests.specs) guests.signal(spec, 'SIGCONT')
  await cut.cut()
  await cut.mend()
  await lab.service('libvirtd', 'start')
  await lab.service('rabbitmq', 'start')
  await rabbitmqctl('set_vm_memory_high_watermark', '0.4')
  await guests.reviveAll()
}

/** What the agent holds when nothing is the matter. */
export interface Rest extends Holdings {
  /** Of libvirt, the agent's and those of nobody else. */
  readonly connections: number
  /** What V8 holds that is in use, MiB. */
  readonly heapMebibytes: number
}

const wholeCycles = 3
const cyclesAtRest = 5
const mebibyte = 1024 * 1024

/** Waits until everything is as it was before any fault, and for some cycles more, and looks at the agent. */
export async function rest(
  { lives: { agent }, guests, consumer }: Host,
  endpoint: StatusEndpoint,
): Promise<Rest> {
  const isWhole = async () => {
    const last = agent.cycles().slice(-wholeCycles)
    const areWhole = last.every(
      ({ instances, missing }) => instances === guests.specs.length && isUsual(missing),
    )
    if (last.length === wholeCycles && areWhole) return true
    // libvirtd ends a guest that was not all started when it was killed, but only a while after it lists it.
    await guests.reviveAll()
    return false
  }
  await waitFor('whole cycles again', isWhole, 180).catch((cause: unknown) => {
    throw new Error(`the last cycles: ${JSON.stringify(agent.cycles().slice(-wholeCycles))}`, { cause })
  })
  const empty = async () => sumOf(await endpoint.metrics(), 'virtpoll_outbox_samples') === 0
  await waitFor('the outbox is empty', empty, 120)
  await consumer.drained()
  await collectGarbage(agent)
  const looks: Rest[] = []
  const until = agent.cycles().length + cyclesAtRest
  while (agent.cycles().length < until) {
    const heap = (await endpoint.metrics()).get('nodejs_heap_size_used_bytes')! / mebibyte
    looks.push({ ...holdingsOf(agent.pid), connections: await clients(), heapMebibytes: heap })
    await sleep(200)
  }
  const least = (figure: keyof Rest) => Math.min(...looks.map((look) => look[figure]))
  return {
    files: least('files'),
    threads: least('threads'),
    mebibytes: least('mebibytes'),
    connections: least('connections'),
    heapMebibytes: least('heapMebibytes'),
  }
}

/** In the environment of an agent whose garbage is to be collected. */
export const garbageOptions = { NODE_OPTIONS: '--heapsnapshot-signal=SIGUSR2' }

/** V8 collects all garbage before it writes a snapshot of its heap. */
async function collectGarbage(agent: Agent): Promise<void> {
  agent.signal('SIGUSR2')
  const written = async () => (await readdir(agent.folder)).find((name) => name.endsWith('.heapsnapshot'))
  const snapshot = await waitFor('a snapshot of the heap', written, 60)
  // Nothing else runs while it is written.
  await agent.moreCycles(1)
  await rm(join(agent.folder, snapshot))
}

/** Reasons for which samples are missing on a host where nothing is wrong. */
const usual = ['no-data', 'needs-two-looks', 'unsupported']

function isUsual(missing: Readonly<Record<string, number>>): boolean {
  return Object.keys(missing).every((reason) => usual.includes(reason))
}
