import { fileURLToPath } from 'node:url'
import { runVirtpoll } from '../support/virtpoll.js'
import type { Ceilometer, ReadSample } from './ceilometer.js'

const configuration = fileURLToPath(new URL('agent.yaml', import.meta.url))

/** One `virtpoll poll-once` of every meter. */
export interface VirtpollCycle {
  readonly samples: readonly ReadSample[]
  readonly exitCode: number | null
  /** What it said beside the samples. */
  readonly remarks: string
}

/** Polls as an operator would, from the build; the samples are read by Python. */
export async function pollWithVirtpoll(reader: Ceilometer, uri = 'qemu:///system'): Promise<VirtpollCycle> {
  const { code, stdout, stderr } = await runVirtpoll([
    ...['poll-once', '--config', configuration, '--connect', uri, '--meter', '*', '--format', 'jsonl'],
  ])
  return { samples: await reader.read(stdout), exitCode: code, remarks: stderr }
}
