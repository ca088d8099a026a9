import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'

const execFileAsync = promisify(execFile)

/** Workers of the lab's libvirtd that are at work now, of the 20 that all its clients share. */
export async function busyWorkers(): Promise<number> {
  const args = ['-c', 'libvirtd:///system', 'srv-threadpool-info', 'libvirtd']
  const { stdout } = await execFileAsync('virt-admin', args, { timeout: 10_000 })
  const figure = (name: string) => Number(new RegExp(`^${name} *: (\\d+)`, 'm').exec(stdout)?.[1])
  return figure('nWorkers') - figure('freeWorkers')
}

/** Clients of the lab's libvirtd. */
export async function clients(): Promise<number> {
  const args = ['-q', '-c', 'libvirtd:///system', 'srv-clients-list', 'libvirtd']
  const { stdout } = await execFileAsync('virt-admin', args, { timeout: 10_000 })
  return stdout.split('\n').filter((line) => /^\s*\d/.test(line)).length
}

/** Hangs up on every client of the lab's libvirtd, as an administrator can. */
export async function disconnectClients(): Promise<void> {
  const admin = ['-q', '-c', 'libvirtd:///system']
  const { stdout } = await execFileAsync('virt-admin', [...admin, 'srv-clients-list', 'libvirtd'])
  // one may go by itself meanwhile, because another of its process was hung up on
  for (const [, id] of stdout.matchAll(/^\s*(\d+)/gm))
    await execFileAsync('virt-admin', [...admin, 'client-disconnect', 'libvirtd', id!]).catch(() => undefined)
}

/** What a process holds of the system. */
export interface Holdings {
  readonly files: number
  readonly threads: number
  /** Memory that is its own and there, MiB. */
  readonly mebibytes: number
}

export function holdingsOf(pid: number): Holdings {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const figure = (name: string) => Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(status)?.[1])
  const mebibytes = Math.round(figure('RssAnon') / 1024)
  return { files: readdirSync(`/proc/${pid}/fd`).length, threads: figure('Threads'), mebibytes }
}
