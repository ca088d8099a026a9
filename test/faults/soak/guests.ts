import { readFileSync } from 'node:fs'
import { guestBoot, qemuPid, type Lab, type LabDomain } from '../../support/lab.js'
import { domainName, domainUuid, type DomainSpec } from '../../support/domain-xml.js'
import { virsh } from '../../support/virsh.js'
import { waitFor } from '../../support/wait-for.js'
import type { Restart } from './account.js'

/** The guests of the host; whatever becomes of libvirtd, what is asked here is done in the end. */
export interface Guests {
  readonly specs: readonly DomainSpec[]
  /** Those that were made, whenever that was. */
  readonly restarts: readonly Restart[]
  /** Makes it unless it runs. */
  revive(spec: DomainSpec): Promise<void>
  /** Ends every domain that is not one of `specs`, and makes those of them that do not run. */
  reviveAll(): Promise<void>
  destroy(spec: DomainSpec): Promise<void>
  /** Sends its QEMU a signal; nothing when it is gone. */
  signal(spec: DomainSpec, name: NodeJS.Signals): void
}

const patienceSeconds = 240
/** Guests that boot and make traffic; the others are paused. */
const busyGuests = 3

export function guestsOf(lab: Lab, count: number): Guests {
  const specs = Array.from({ length: count }, (_, index): DomainSpec => {
    const spec = { number: 0xc00 + index, disks: [{ target: 'vda' }, { target: 'vdb' }] }
    return index < busyGuests ? { ...spec, boot: guestBoot() } : spec
  })
  const made = new Map<number, LabDomain>()
  const restarts: Restart[] = []
  const make = async (spec: DomainSpec): Promise<void> => {
    const fromMs = Date.now()
    await made.get(spec.number)?.remove()
    made.set(spec.number, await lab.createDomain(spec, spec.boot ? 'running' : 'paused'))
    restarts.push({ uuid: domainUuid(spec), fromMs, toMs: Date.now() })
  }
  return {
    specs,
    restarts,
    revive: (spec) =>
      inTheEnd(`${domainName(spec)} runs`, async () => {
        if (!(await runs(spec))) await make(spec)
      }),
    reviveAll: () =>
      inTheEnd('all guests run', async () => {
        const names = await running()
        const wanted = specs.map(domainName)
        for (const name of names.filter((other) => !wanted.includes(other))) await virsh(['destroy', name])
        for (const spec of specs.filter((guest) => !names.includes(domainName(guest)))) await make(spec)
      }),
    destroy: (spec) =>
      inTheEnd(`${domainName(spec)} is gone`, async () => {
        if (await runs(spec)) await virsh(['destroy', domainName(spec)])
      }),
    signal(spec, name) {
      const pid = pidOf(spec)
      if (pid !== undefined) process.kill(pid, name)
    },
  }
}

async function inTheEnd(what: string, work: () => Promise<void>): Promise<void> {
  const done = async () => {
    await work()
    return true
  }
  await waitFor(what, done, patienceSeconds)
}

async function runs(spec: DomainSpec): Promise<boolean> {
  return (await running()).includes(domainName(spec))
}

async function running(): Promise<string[]> {
  return (await virsh(['list', '--name'])).split('\n').filter((name) => name !== '')
}

/** Undefined when it has no QEMU that lives. */
function pidOf(spec: DomainSpec): number | undefined {
  try {
    const pid = qemuPid({ name: domainName(spec) })
    return readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('qemu') ? pid : undefined
  } catch {
    return undefined
  }
}
