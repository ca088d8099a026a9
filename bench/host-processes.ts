import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** A child that answers each line with a line. */
export interface Answering {
  readonly pid: number
  /** One at a time. Rejects with what it wrote to standard error when it has ended. */
  ask(line: string): Promise<unknown>
  stop(): Promise<void>
}

/** Starts a program that answers each line of its standard input with one line of JSON. */
export function startAnswering(program: string, args: readonly string[]): Answering {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  const ended = once(child, 'close')
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  let said = ''
  child.stderr.on('data', (text: Buffer) => (said = `${said}${text.toString()}`.slice(-4000)))
  child.stdin.on('error', () => undefined)
  return {
    pid: pidOf(child),
    async ask(line) {
      child.stdin.write(`${line}\n`)
      const answer: IteratorResult<string, unknown> = await answers.next()
      if (answer.done === true) throw new Error(`${program} ended: ${said}`)
      return JSON.parse(answer.value) as unknown
    },
    async stop() {
      child.stdin.end()
      await ended
    },
  }
}

export function pidOf({ pid, spawnfile }: ChildProcess): number {
  if (pid === undefined) throw new Error(`${spawnfile} cannot be started`)
  return pid
}

/** The CPU time of processes, exactly. */
export interface CpuClock {
  /** Seconds that these processes have used so far, all together; one that is gone counts nothing. */
  read(pids: readonly number[]): Promise<number>
  stop(): Promise<void>
}

export function startCpuClock(): CpuClock {
  const script = fileURLToPath(new URL('host-clock.py', import.meta.url))
  const clock = startAnswering('/usr/bin/python3', [script])
  return {
    async read(pids) {
      const used = (await clock.ask(JSON.stringify({ pids }))) as readonly (number | null)[]
      return used.reduce<number>((sum, one) => sum + (one ?? 0), 0) / 1e9
    },
    stop: () => clock.stop(),
  }
}

/** The processes of the hypervisor: libvirtd, its log daemon and every QEMU. */
export function hypervisorPids(): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && /^(libvirtd|virtlogd|qemu-system)/.test(commandOf(name)))
    .map(Number)
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8')
  } catch {
    return '' // it has ended since it was listed
  }
}

export interface Memory {
  readonly residentBytes: number
  /** The most that was ever resident. */
  readonly peakBytes: number
}

export function memoryOf(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const bytes = (field: string) => Number(new RegExp(`^${field}:\\s*(\\d+) kB`, 'm').exec(status)?.[1]) * 1024
  return { residentBytes: bytes('VmRSS'), peakBytes: bytes('VmHWM') }
}
