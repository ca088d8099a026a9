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

/** What a process holds of the system. */
export function holdingsOf(pid: number): { readonly files: number; readonly threads: number } {
  const threads = Number(/^Threads:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
  return { files: readdirSync(`/proc/${pid}/fd`).length, threads }
}
