import { setImmediate as turn } from 'node:timers/promises'
import type { Clock } from '../../src/schedule/clock.js'

/** A clock that a test holds: time stands still until it is told to go on. */
export interface FakeClock extends Clock {
  /** Lets that much time pass on both clocks and wakes the sleepers on the way, in their order. */
  advance(seconds: number): Promise<void>
  /** What an operator does with `date --set`: only the wall clock jumps. */
  setWall(wallMs: number): void
  /** How many are asleep now. */
  readonly sleepers: number
}

interface Sleeper {
  readonly until: number
  readonly wake: () => void
}

export interface FakeClockStart {
  /** Default 2026-01-01T00:00:00Z. */
  readonly wallMs?: number
  /** Default 1000. */
  readonly monotonicSeconds?: number
}

/** Enough turns of the event loop for whatever was woken to come to rest. */
async function settle(): Promise<void> {
  for (let turns = 0; turns < 10; turns += 1) await turn()
}

export function createFakeClock(start: FakeClockStart = {}): FakeClock {
  let wallMs = start.wallMs ?? Date.UTC(2026, 0, 1)
  let monotonicSeconds = start.monotonicSeconds ?? 1000
  const asleep = new Set<Sleeper>()

  const moveTo = (until: number): void => {
    wallMs += (until - monotonicSeconds) * 1000
    monotonicSeconds = until
  }
  const nextBefore = (target: number): Sleeper | undefined =>
    [...asleep].sort((a, b) => a.until - b.until).find((sleeper) => sleeper.until <= target)

  return {
    now: () => ({ wallMs: Math.round(wallMs), monotonicSeconds }),
    sleepUntil: (until, signal) =>
      new Promise<void>((resolve, reject) => {
        signal.throwIfAborted()
        if (until <= monotonicSeconds) {
          resolve()
          return
        }
        const giveUp = (): void => {
          asleep.delete(sleeper)
          reject(signal.reason as Error)
        }
        const sleeper: Sleeper = {
          until,
          wake: () => {
            asleep.delete(sleeper)
            signal.removeEventListener('abort', giveUp)
            resolve()
          },
        }
        asleep.add(sleeper)
        signal.addEventListener('abort', giveUp, { once: true })
      }),
    async advance(seconds) {
      const target = monotonicSeconds + seconds
      await settle()
      for (let next = nextBefore(target); next !== undefined; next = nextBefore(target)) {
        moveTo(Math.max(next.until, monotonicSeconds))
        next.wake()
        await settle()
      }
      moveTo(target)
      await settle()
    },
    setWall: (ms) => {
      wallMs = ms
    },
    get sleepers() {
      return asleep.size
    },
  }
}
