import { describe, expect, it } from 'vitest'
import { systemClock } from '../../../src/schedule/clock.js'
import { createFakeClock } from '../../support/fake-clock.js'

const reason = new Error('the reason')

describe.each([
  ["the machine's clock", () => systemClock],
  ['the clock of the tests', () => createFakeClock()],
])('%s', (_, clockOf) => {
  it.each([
    ['an hour ahead', 3600],
    ['an hour ago', -3600],
  ])('does not begin to sleep until %s when the signal has aborted', async (_when, seconds) => {
    const clock = clockOf()
    const sleeping = clock.sleepUntil(clock.now().monotonicSeconds + seconds, AbortSignal.abort(reason))
    await expect(sleeping).rejects.toBe(reason)
  })

  it.each([
    ['an error', reason],
    ['no error', 'a word'],
  ])("ends its sleep with the signal's reason when that is %s", async (_what, why) => {
    const clock = clockOf()
    const stop = new AbortController()
    const sleeping = clock.sleepUntil(clock.now().monotonicSeconds + 3600, stop.signal)
    stop.abort(why)
    await expect(sleeping).rejects.toBe(why)
  })

  it('does not sleep until a second that is over', async () => {
    const clock = clockOf()
    const { signal } = new AbortController()
    await expect(clock.sleepUntil(clock.now().monotonicSeconds, signal)).resolves.toBeUndefined()
  })
})
