import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { waitFor } from '../test/support/wait-for.js'
import { pidOf, startAnswering } from './host-processes.js'

const execFileAsync = promisify(execFile)
const uri = 'qemu:///system'

/** One cycle as its subject tells it. */
export interface Cycle {
  /** From its beginning to its end, on the wall clock. */
  readonly wallSeconds: number
  /** What the subject itself says it took. */
  readonly saysSeconds?: number
  /** How often it asked libvirt. */
  readonly calls?: number
}

/** Somebody who is measured. At rest but for `cycle`. */
export interface Subject {
  readonly name: string
  readonly pid: number
  /** Resolves when its next cycle is about to begin; without it, it waits for nothing. */
  ready?(): Promise<void>
  /** Resolves when the cycle is over and nothing is left to be done. */
  cycle(): Promise<Cycle>
  stop(): Promise<void>
}

/** What is polled, and what that needs of libvirt. */
export interface Load {
  readonly name: 'usual meters' | 'all meters'
  readonly meters: readonly string[]
  /** virDomainStatsTypes of the groups needed. */
  readonly mask: number
  /** Whether capacity, allocation and usage are among them. */
  readonly diskInfo: boolean
}

/** state, balloon, vcpu, interface, block, perf. */
const groupsNeeded = 1 | 4 | 8 | 16 | 32 | 64

/** The compute meters of the polling.yaml that ceilometer ships. */
const usualMeters = [
  ...['power.state', 'cpu', 'cpu_l3_cache', 'memory.usage'],
  ...['incoming', 'outgoing'].flatMap((way) => [`network.${way}.bytes`, `network.${way}.packets`]),
  ...['read', 'write'].flatMap((way) => [`disk.device.${way}.bytes`, `disk.device.${way}.requests`]),
]

export const usual: Load = {
  ...{ name: 'usual meters', meters: usualMeters, mask: groupsNeeded, diskInfo: false },
}
export const all: Load = { name: 'all meters', meters: ['*'], mask: groupsNeeded, diskInfo: true }

/** A new folder of its own for everybody. */
export const newFolder = () => mkdtempSync(join(tmpdir(), 'virtpoll-bench-'))

/** Compiles floor.c. */
export async function buildFloor(): Promise<string> {
  const program = join(newFolder(), 'floor')
  const source = fileURLToPath(new URL('floor.c', import.meta.url))
  const flags = ['-std=gnu11', '-O2', '-Wall', '-Wextra', '-Werror']
  await execFileAsync('cc', [...flags, '-o', program, source, '-lvirt', '-lpthread'])
  return program
}

export interface FloorOptions {
  readonly program: string
  readonly load: Load
  readonly slices: number
  /** Whether it reads the XML of every domain. */
  readonly xml?: boolean
}

export function startFloor({ program, load, slices, xml = false }: FloorOptions): Subject {
  const extras = [...(load.diskInfo ? ['disk', 'vda'] : []), ...(xml ? ['xml'] : [])]
  const floor = startAnswering(program, [uri, String(load.mask), String(slices), ...extras])
  return {
    name: `floor, ${load.name}`,
    pid: floor.pid,
    async cycle() {
      const { seconds, calls } = (await floor.ask('')) as { seconds: number; calls: number }
      return { wallSeconds: seconds, calls }
    },
    stop: () => floor.stop(),
  }
}

/** Whether samples go to the broker of the lab or nowhere. */
export type Sending = 'sending' | 'not sending'

export const transportUrl = 'rabbit://guest:guest@127.0.0.1:5672/'

const ceilometerConf = (folder: string, sending: Sending) => `[DEFAULT]
libvirt_uri = ${uri}
transport_url = ${transportUrl}
log_file = ${folder}/ceilometer.log
[publisher_notifier]
telemetry_driver = ${sending === 'sending' ? 'messagingv2' : 'noop'}
[polling]
cfg_file = ${folder}/polling.yaml
`

/** The original. Its first cycle counts its calls; counting costs it time, so no other does. */
export async function startCeilometer(
  load: Load,
  sending: Sending,
): Promise<Subject & { readonly calls: number }> {
  const folder = newFolder()
  const sources = [{ name: 'bench', interval: 60, meters: load.meters }]
  writeFileSync(join(folder, 'polling.yaml'), JSON.stringify({ sources }))
  writeFileSync(join(folder, 'ceilometer.conf'), ceilometerConf(folder, sending))
  const script = fileURLToPath(new URL('host-ceilometer.py', import.meta.url))
  const agent = startAnswering('/usr/bin/python3', [script, folder])
  const { calls } = (await agent.ask('count')) as { calls: number }
  return {
    name: `ceilometer, ${load.name}, ${sending}`,
    pid: agent.pid,
    calls,
    async cycle() {
      const since = performance.now()
      const { seconds } = (await agent.ask('')) as { seconds: number }
      return { wallSeconds: (performance.now() - since) / 1000, saysSeconds: seconds }
    },
    stop: () => agent.stop(),
  }
}

const exporterAddress = '127.0.0.1:9277'

/** prometheus-libvirt-exporter; its cycle is one scrape. */
export async function startExporter(): Promise<Subject> {
  const args = [
    `--web.listen-address=${exporterAddress}`,
    `--libvirt.uri=${uri}`,
    '--libvirt.export-nova-metadata',
  ]
  const child = spawn('prometheus-libvirt-exporter', args, { stdio: 'ignore' })
  const scrape = async () => {
    const since = performance.now()
    await (await fetch(`http://${exporterAddress}/metrics`)).text()
    return { wallSeconds: (performance.now() - since) / 1000 }
  }
  await waitFor('the exporter answers', scrape)
  return {
    name: 'prometheus-libvirt-exporter',
    pid: pidOf(child),
    cycle: scrape,
    async stop() {
      child.kill('SIGTERM')
      await once(child, 'close')
    },
  }
}

/** Where rivals of Debian are installed; what is not there is left out and said so. */
export async function isInstalled(debianPackage: string): Promise<boolean> {
  const query = ['-W', '-f', '${db:Status-Status}', debianPackage]
  const { stdout } = await execFileAsync('dpkg-query', query).catch(() => ({ stdout: '' }))
  return stdout === 'installed'
}

/** For its owner alone, as virtpoll wants its configuration. */
export function writeJson(folder: string, name: string, content: unknown): void {
  writeFileSync(join(folder, name), JSON.stringify(content), { mode: 0o600 })
}
