import { readdirSync, readFileSync } from 'node:fs'

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

/** Of an agent to libvirt: one that carries callbacks, and one for each of `libvirt.max_calls`; each has a thread. */
export const mostConnections = 1 + 4
const filesOfConnection = 3
/** Of a test to the agent's HTTP endpoint, and of the agent to its broker when one follows on another. */
const passingFiles = 3
/** Of a heap that is not collected before it is looked at: its young generation alone takes up to three times 16. */
const passingMebibytes = 64

/**
 * What an agent holds more after faults than before them, in words; empty when that is no more than it may.
 * @param newConnections those to libvirt that it may have now and need not have had before.
 */
export function leaksOf(before: Holdings, after: Holdings, newConnections = 0): string[] {
  const allowed: Holdings = {
    files: filesOfConnection * newConnections + passingFiles,
    threads: mostConnections,
    mebibytes: passingMebibytes,
  }
  const held = ['files', 'threads', 'mebibytes'] as const
  return held
    .filter((what) => after[what] > before[what] + allowed[what])
    .map((what) => `${what}: from ${before[what]} to ${after[what]}`)
}
