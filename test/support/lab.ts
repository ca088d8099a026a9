import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import {
  diskFormat,
  diskPath,
  domainDisks,
  domainName,
  domainUuid,
  domainXml,
  vnicTap,
  type DomainSpec,
} from './domain-xml.js'
import { dommemstat, virsh } from './virsh.js'
import { waitFor } from './wait-for.js'

const execFileAsync = promisify(execFile)
const labCommand = fileURLToPath(new URL('../lab/lab', import.meta.url))
const images = '/var/lib/libvirt/images'

/** How a domain starts its life: `defined` ones are persistent and shut off, the others transient. */
export type StartAs = 'running' | 'paused' | 'defined'

export type LabService = 'virtlogd' | 'libvirtd' | 'rabbitmq'

/** A domain of the lab. */
export interface LabDomain {
  readonly spec: DomainSpec
  readonly name: string
  readonly uuid: string
  /** The host's network devices of its vNICs. */
  readonly taps: readonly string[]
  /** Ends it, takes it off libvirt's list and deletes its images. Does nothing the second time. */
  remove(): Promise<void>
}

/** The hypervisor host that this test runs on. */
export interface Lab {
  /** The broker, as oslo.messaging names it. */
  readonly transportUrl: string
  /** The broker, as amqplib names it. */
  readonly amqpUrl: string
  /** Makes the domain's images and the domain. */
  createDomain(spec: DomainSpec, start?: StartAs): Promise<LabDomain>
  /** Removes every domain made here, for `afterAll` or `afterEach`. */
  removeDomains(): Promise<void>
  /** Resolves when the service answers, or is gone. `kill` gives it no chance to say goodbye. */
  service(name: LabService, action: 'start' | 'stop' | 'kill' | 'restart'): Promise<void>
  servicePid(name: LabService): Promise<number>
}

/** The lab around this process. Throws outside one, so that no test touches the machine's own libvirtd or broker. */
export function openLab(): Lab {
  if (process.env['VIRTPOLL_LAB'] === undefined) {
    throw new Error('this test needs the lab: test/lab/lab with npx vitest run --project host')
  }
  const created: LabDomain[] = []
  return {
    transportUrl: 'rabbit://guest:guest@127.0.0.1:5672/',
    amqpUrl: 'amqp://guest:guest@127.0.0.1:5672/',
    async createDomain(spec, start = 'running') {
      const domain = await createDomain(spec, start)
      created.push(domain)
      return domain
    },
    async removeDomains() {
      for (const domain of created.splice(0)) await domain.remove()
    },
    async service(name, action) {
      await execFileAsync(labCommand, ['service', name, action], { timeout: 100_000 })
    },
    async servicePid(name) {
      return Number((await execFileAsync(labCommand, ['service', name, 'pid'])).stdout)
    },
  }
}

const startCommand = {
  running: ['create'],
  paused: ['create', '--paused'],
  defined: ['define'],
} as const satisfies Record<StartAs, readonly string[]>

async function createDomain(spec: DomainSpec, start: StartAs): Promise<LabDomain> {
  const name = domainName(spec)
  const files = [`${images}/${name}.xml`, consolePath(name)]
  for (const disk of domainDisks(spec)) {
    const path = diskPath(spec, disk)
    if (path === null) continue
    files.push(path)
    await execFileAsync('qemu-img', ['create', '-q', '-f', diskFormat(disk), path, '1G'])
  }
  await writeFile(`${images}/${name}.xml`, domainXml(spec))
  await virsh([...startCommand[start], `${images}/${name}.xml`])
  return {
    spec,
    name,
    uuid: domainUuid(spec),
    taps: (spec.vnics ?? [{}]).map((_, index) => vnicTap(spec, index)),
    remove: () => removeDomain(name, files),
  }
}

const consolePath = (name: string) => `${images}/${name}.console`

async function removeDomain(name: string, files: readonly string[]): Promise<void> {
  // A domain may be running or not and persistent or not, or be gone: each refusal below is expected.
  await virsh(['destroy', name]).catch(() => undefined)
  await virsh(['undefine', name]).catch(() => undefined)
  for (const file of files) await rm(file, { force: true })
}

/** Kernel and initrd of the guest that makes disk and network traffic each second and reports its memory. */
export function guestBoot(): NonNullable<DomainSpec['boot']> {
  const cache = `${process.env['XDG_CACHE_HOME'] ?? `${homedir()}/.cache`}/virtpoll-lab`
  return { kernel: `${cache}/vmlinuz`, initrd: `${cache}/initrd.gz` }
}

/** Waits until the guest of a domain that boots has loaded its drivers and reported its memory. */
export async function guestReady({ name }: LabDomain, deadlineSeconds = 90): Promise<void> {
  await waitFor(
    `the guest of ${name} booted`,
    () => readFileSync(consolePath(name), 'utf8').includes('GUEST-READY'),
    deadlineSeconds,
  )
  await waitFor(
    `the balloon of ${name} reported`,
    async () => (await dommemstat(name)).has('unused'),
    deadlineSeconds,
  )
}

/** The process id of a running domain's QEMU, for signals: a stopped QEMU is a stuck domain. */
export function qemuPid({ name }: Pick<LabDomain, 'name'>): number {
  return Number(readFileSync(`/run/libvirt/qemu/${name}.pid`, 'utf8'))
}
