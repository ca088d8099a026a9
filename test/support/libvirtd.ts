import { execFile } from 'node:child_process'
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
