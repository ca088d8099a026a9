import { setTimeout as sleep } from 'node:timers/promises'
import { rabbitmqctl } from '../../support/broker.js'
import type { DomainSpec } from '../../support/domain-xml.js'
import type { Lab } from '../../support/lab.js'
import type { TcpCut } from '../../support/tcp-cut.js'
import { waitFor } from '../../support/wait-for.js'
import type { Consumer } from './consumer.js'
import type { Guests } from './guests.js'
import type { Lives } from './lives.js'
import type { FaultName, PlannedFault } from './plan.js'

/** What faults are made on. */
export interface Host {
  readonly lab: Lab
  readonly guests: Guests
  readonly lives: Lives
  readonly consumer: Consumer
  /** Between the agent and the broker. */
  readonly cut: TcpCut
}

type Held = Pick<PlannedFault, 'choice'> & { hold(): Promise<void> }

/** Makes a fault and mends it. */
export function strike(host: Host, planned: PlannedFault): Promise<void> {
  const hold = () => sleep(planned.holdSeconds * 1000)
  return strikes[planned.fault](host, { choice: planned.choice, hold })
}

const strikes: Readonly<Record<FaultName, (host: Host, held: Held) => Promise<void>>> = {
  'guest stopped': ({ guests }, held) => stopGuests(guests, [chosen(guests, held)], held),
  'four guests stopped': ({ guests }, held) => {
    const first = guests.specs.indexOf(chosen(guests, held))
    const four = [0, 1, 2, 3].map((next) => guests.specs[(first + next) % guests.specs.length]!)
    return stopGuests(guests, four, held)
  },
  async 'guest killed'({ guests }, held) {
    const guest = chosen(guests, held)
    guests.signal(guest, 'SIGKILL')
    await held.hold()
    await guests.revive(guest)
  },
  async 'guest destroyed'({ guests }, held) {
    const guest = chosen(guests, held)
    await guests.destroy(guest)
    await held.hold()
    await guests.revive(guest)
  },
  async 'stopped guest destroyed'({ guests }, held) {
    const guest = chosen(guests, held)
    guests.signal(guest, 'SIGSTOP')
    await held.hold()
    await guests.destroy(guest)
    await guests.revive(guest)
  },
  async 'guest comes and goes'({ guests }, held) {
    const guest = { number: 0xcff }
    await guests.revive(guest)
    await held.hold()
    await guests.destroy(guest)
  },
  async 'libvirtd killed'({ lab }, held) {
    await lab.service('libvirtd', 'kill')
    await held.hold()
    await lab.service('libvirtd', 'start')
  },
  'libvirtd restarted': ({ lab }) => lab.service('libvirtd', 'restart'),
  async 'libvirtd stopped'({ lab }, held) {
    const pid = await lab.servicePid('libvirtd')
    process.kill(pid, 'SIGSTOP')
    await held.hold()
    process.kill(pid, 'SIGCONT')
  },
  async 'broker killed'({ lab }, held) {
    await lab.service('rabbitmq', 'kill')
    await held.hold()
    await lab.service('rabbitmq', 'start')
  },
  'broker restarted': ({ lab }) => lab.service('rabbitmq', 'restart'),
  async 'broker out of memory'(_host, held) {
    await rabbitmqctl('set_vm_memory_high_watermark', '0.0000001')
    await held.hold()
    await rabbitmqctl('set_vm_memory_high_watermark', '0.4')
  },
  async 'connections closed by the broker'() {
    await rabbitmqctl('close_all_connections', '--global', 'maintenance')
  },
  async 'connection cut'({ cut }, held) {
    await cut.cut()
    await held.hold()
    await cut.mend()
  },
  async 'connection silent'({ cut }, held) {
    cut.freeze()
    await held.hold()
    await cut.cut()
    await cut.mend()
  },
  async 'agent killed'({ lives }, held) {
    await lives.kill()
    await held.hold()
    await lives.start()
  },
  async 'agent ended'({ lives }, held) {
    await lives.end()
    await held.hold()
    await lives.start()
  },
  async 'agent stopped'({ lives: { agent } }, held) {
    agent.signal('SIGSTOP')
    await held.hold()
    agent.signal('SIGCONT')
  },
  'queue deleted': deleteQueue,
}

function chosen({ specs }: Guests, { choice }: Held): DomainSpec {
  return specs[Math.floor(choice * specs.length)]!
}

async function stopGuests(guests: Guests, some: readonly DomainSpec[], held: Held): Promise<void> {
  for (const guest of some) guests.signal(guest, 'SIGSTOP')
  await held.hold()
  for (const guest of some) guests.signal(guest, 'SIGCONT')
}

/** While the agent stands still and the queue is empty, so that only what comes later can be lost, and by us. */
async function deleteQueue({ lives: { agent }, consumer }: Host): Promise<void> {
  await consumer.drained()
  agent.signal('SIGSTOP')
  try {
    const deleted = () => consumer.deleteQueue().then(() => true)
    await waitFor('the queue is deleted', deleted, 120)
  } finally {
    agent.signal('SIGCONT')
  }
}
