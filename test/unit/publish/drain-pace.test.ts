import { describe, expect, it } from 'vitest'
import { DrainPace } from '../../../src/publish/drain-pace.js'
import { createFakeClock } from '../../support/fake-clock.js'

const never = new AbortController().signal

/** How many go in the next seconds, whoever asks again at once when one went. */
async function gone(
  pace: DrainPace,
  clock: ReturnType<typeof createFakeClock>,
  seconds: number,
): Promise<number> {
  const over = new AbortController()
  let count = 0
  const going = (async () => {
    for (;;) {
      await pace.turn(over.signal)
      count += 1
    }
  })().catch(() => undefined)
  await clock.advance(seconds)
  over.abort()
  await going
  return count
}

describe('the pace of a backlog', () => {
  it('is a hundred a second when little new comes', async () => {
    const clock = createFakeClock()
    const pace = new DrainPace(clock)
    pace.countLive()
    const count = await gone(pace, clock, 2)
    expect(count).toBeGreaterThanOrEqual(200)
    // What may be made up for at once comes on top.
    expect(count).toBeLessThanOrEqual(212)
  })

  it('is four times what comes when that is more, so that the backlog always shrinks', async () => {
    const clock = createFakeClock()
    const pace = new DrainPace(clock)
    for (let count = 0; count < 60 * 50; count += 1) pace.countLive()
    expect(await gone(pace, clock, 2)).toBeGreaterThanOrEqual(400)
    await clock.advance(200)
    pace.countLive()
    expect(await gone(pace, clock, 2)).toBeLessThanOrEqual(212)
  })

  it('lets those who wait go in the order in which they came', async () => {
    const clock = createFakeClock()
    const pace = new DrainPace(clock)
    const went: number[] = []
    const all = Array.from({ length: 8 }, (_, index) => pace.turn(never).then(() => went.push(index)))
    await clock.advance(1)
    await Promise.all(all)
    expect(went).toEqual(went.toSorted((a, b) => a - b))
  })
})
