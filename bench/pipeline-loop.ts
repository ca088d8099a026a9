import { closeSync, openSync, readSync } from 'node:fs'
import { PerformanceObserver } from 'node:perf_hooks'

/** How long the event loop was held, in milliseconds, and for how long it was watched. */
export interface Held {
  /** The longest turn of the loop, less collecting garbage and less waiting for a processor that others had. */
  readonly longestMs: number
  /** The same with both. */
  readonly longestWallMs: number
  /** An event that comes at any moment waits no longer in 99.9 % of the cases: by the same turns as `longestMs`. */
  readonly wait999Ms: number
  /** The longest pause of the garbage collector. */
  readonly longestCollectionMs: number
}

export interface LoopWatch {
  /** Ends it. */
  stop(): Promise<Held>
}

interface Span {
  readonly from: number
  readonly to: number
}

interface Turn extends Span {
  /** What the main thread waited for a processor meanwhile. */
  readonly readyMs: number
}

/**
 * Watches every turn of the event loop from now on. It keeps a core busy, so it belongs into rounds of its own, in
 * which no CPU time is measured.
 */
export function watchLoop(): LoopWatch {
  const turns: Turn[] = []
  const collections: Span[] = []
  const collector = new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries())
      collections.push({ from: startTime, to: startTime + duration })
  })
  collector.observe({ entryTypes: ['gc'] })
  const queue = openRunQueue()
  let from = performance.now()
  let waited = queue.waitedMs()
  let watching = true
  const turn = (): void => {
    const to = performance.now()
    const waitedNow = queue.waitedMs()
    turns.push({ from, to, readyMs: waitedNow - waited })
    from = performance.now()
    waited = waitedNow
    if (watching) setImmediate(turn)
  }
  setImmediate(turn)
  return {
    async stop() {
      watching = false
      // Entries of the collector come a turn or two after it.
      await new Promise((resolve) => setTimeout(resolve, 50))
      collector.disconnect()
      queue.close()
      return heldOf(turns, collections)
    },
  }
}

/** From /proc: how long the main thread was ready to run and had no processor. */
function openRunQueue(): { waitedMs(): number; close(): void } {
  const file = openSync(`/proc/self/task/${process.pid}/schedstat`, 'r')
  const buffer = Buffer.alloc(64)
  return {
    waitedMs: () =>
      Number(buffer.toString('latin1', 0, readSync(file, buffer, 0, 64, 0)).split(' ')[1]) / 1e6,
    close: () => {
      closeSync(file)
    },
  }
}

function heldOf(turns: readonly Turn[], collections: readonly Span[]): Held {
  const walls = turns.map(({ from, to }) => to - from)
  const own: number[] = []
  let next = 0
  for (const { from, to, readyMs } of turns) {
    let collectedMs = 0
    while (next < collections.length && (collections[next]?.to ?? 0) <= to) {
      const { from: begun, to: ended } = collections[next] ?? { from, to: from }
      collectedMs += Math.max(0, ended - Math.max(begun, from))
      next += 1
    }
    own.push(Math.max(0, to - from - readyMs - collectedMs))
  }
  return {
    longestMs: Math.max(...chunked(own)),
    longestWallMs: Math.max(...chunked(walls)),
    wait999Ms: waitNotExceeded(own, 0.999),
    longestCollectionMs: Math.max(0, ...collections.map(({ from, to }) => to - from)),
  }
}

/** The largest of each thousand, as a function does not take as many arguments as there are turns. */
function chunked(values: readonly number[]): number[] {
  const largest: number[] = []
  for (let at = 0; at < values.length; at += 1000) largest.push(Math.max(...values.slice(at, at + 1000)))
  return largest
}

/** An event at a moment of a turn waits for its end: P(wait > x) = Σ max(0, turn - x) / Σ turn. */
export function waitNotExceeded(turns: readonly number[], share: number): number {
  const total = turns.reduce((sum, turn) => sum + turn, 0)
  let low = 0
  let high = Math.max(...chunked(turns))
  for (let step = 0; step < 40; step += 1) {
    const wait = (low + high) / 2
    const beyond = turns.reduce((sum, turn) => sum + Math.max(0, turn - wait), 0)
    if (beyond > (1 - share) * total) low = wait
    else high = wait
  }
  return high
}
