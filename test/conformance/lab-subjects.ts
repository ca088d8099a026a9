import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { appendFile, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { diskPath, domainDisks } from '../support/domain-xml.js'
import { guestReady, type Lab, type LabDomain } from '../support/lab.js'
import { virsh } from '../support/virsh.js'
import type { Subject } from './domains.js'

const execFileAsync = promisify(execFile)

export interface LivingSubject {
  readonly subject: Subject
  readonly domain: LabDomain
}

/** Defines the network filter that domains refer to; an empty one lets everything through. */
export async function defineFilter(name: string): Promise<void> {
  const file = `/run/${name}.xml`
  await writeFile(file, `<filter name='${name}'><uuid>f117e400-0000-4000-8000-000000000001</uuid></filter>`)
  await virsh(['nwfilter-define', file])
}

/** Makes the domains. What boots goes first and is waited for last. */
export async function createSubjects(lab: Lab, subjects: readonly Subject[]): Promise<LivingSubject[]> {
  const boots = ({ life }: Subject) => life === 'booted' || life === 'suspended'
  const living: LivingSubject[] = []
  for (const subject of [...subjects.filter(boots), ...subjects.filter((one) => !boots(one))]) {
    const start = subject.life === 'paused' || subject.life === 'defined' ? subject.life : 'running'
    const domain = await lab.createDomain(subject.spec, start)
    living.push({ subject, domain })
    const [disk] = domainDisks(subject.spec)
    if (disk && subject.grows > 0)
      await appendFile(diskPath(subject.spec, disk)!, Buffer.alloc(subject.grows))
  }
  for (const { subject, domain } of living) {
    if (boots(subject)) await guestReady(domain)
    if (subject.life === 'suspended') await virsh(['suspend', domain.name])
  }
  return living
}

/**
 * Takes the taps of guests that stand still off the air, because the bridge floods frames to them and so moves their
 * counters.
 */
export async function silenceTaps(moving: readonly LabDomain[]): Promise<void> {
  const spared = new Set(moving.flatMap(({ taps }) => taps))
  for (const tap of readdirSync('/sys/class/net')) {
    if (tap.startsWith('tap') && !spared.has(tap)) await execFileAsync('ip', ['link', 'set', tap, 'down'])
  }
}
