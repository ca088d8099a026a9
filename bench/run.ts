import { benchHost } from './host.js'
import { endGuests } from './host-domains.js'
import { benchIdle } from './host-idle.js'
import { benchStart } from './host-start.js'
import { writePart, type Line } from './lines.js'
import { machineLine } from './machine.js'
import { benchPipeline } from './pipeline.js'

// node --import ./bench/typescript.js bench/run.ts PART...: measures these parts, inside a lab.

const rounds = Number(process.env['BENCH_ROUNDS'] ?? 21)

/** Without the guests that a part before has left, some of which run. */
async function alone(bench: () => Promise<readonly Line[]>): Promise<readonly Line[]> {
  await endGuests()
  return bench()
}

/** By what a part's name looks like; the number in it is handed on. */
const kinds: readonly (readonly [RegExp, (part: string, size: number) => Promise<readonly Line[]>])[] = [
  [/^poll-once$/, (part) => alone(() => benchStart(part, rounds))],
  [/^idle$/, (part) => benchIdle(part)],
  [/^pipeline$/, (part) => alone(() => benchPipeline({ part, rounds }))],
  [/^host-(\d+)$/, (part, paused) => benchHost({ part, paused, rounds })],
]

for (const part of process.argv.slice(2)) {
  const [pattern, bench] = kinds.find(([suits]) => suits.test(part)) ?? []
  if (pattern === undefined || bench === undefined) throw new Error(`there is no part ${part}`)
  process.stderr.write(`${part} ...\n`)
  const since = performance.now()
  const lines = await bench(part, Number(pattern.exec(part)?.[1]))
  writePart('.lab/reports/bench', part, [machineLine(part), ...lines])
  process.stderr.write(`${part}: ${Math.round((performance.now() - since) / 1000)} s\n`)
}
