import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { builtMain } from '../test/support/virtpoll.js'
import { ratioOfMedians, type Pair } from './figures.js'
import type { Line } from './lines.js'

const demo = ['poll-once', '--connect', 'test:///default', '--unmanaged', '--meter', '*', '--format', 'table']

/** `poll-once` as in `make demo`, beside a node that does nothing: from exec to exit, in rounds. */
export async function benchStart(part: string, rounds: number): Promise<readonly Line[]> {
  const pairs: Pair[] = []
  // The first round only brings the files into memory.
  for (let round = -1; round < rounds; round += 1) {
    const pair = [await secondsOf([builtMain, ...demo]), await secondsOf(['-e', '0'])] as const
    if (round >= 0) pairs.push(pair)
  }
  const measured = { line: 'measured', part, figure: 'wall_seconds', instances: 1 } as const
  return [
    { ...measured, subject: 'poll-once, demo host', rounds: pairs.map(([seconds]) => seconds) },
    { ...measured, subject: 'node -e 0', rounds: pairs.map(([, seconds]) => seconds) },
    {
      ...{ line: 'goal', part, goal: 'poll-once on the demo host / node -e 0, from exec to exit' },
      ...{ reached: ratioOfMedians(pairs), limit: { atMost: 5 }, unit: '×' },
    },
  ]
}

async function secondsOf(args: readonly string[]): Promise<number> {
  const since = performance.now()
  const [code] = (await once(spawn(process.execPath, args, { stdio: 'ignore' }), 'exit')) as [number | null]
  if (code !== 0) throw new Error(`node ${args.join(' ')} ended with ${String(code)}`)
  return (performance.now() - since) / 1000
}
