import { expect, it } from 'vitest'
import { tryDestinations } from '../../../src/agents/readiness.js'
import { DestinationError } from '../../../src/errors.js'
import { createFakeClock } from '../../support/fake-clock.js'
import { createFakePublisher } from '../../support/fake-publisher.js'

/** Ready at the nth time it is asked. */
function readyAt(nth: number) {
  let asked = 0
  const ready = (): Promise<void> => {
    asked += 1
    return asked >= nth
      ? Promise.resolve()
      : Promise.reject(new DestinationError('BROKER_UNREACHABLE', 'away'))
  }
  return { publisher: { ...createFakePublisher(), ready }, asked: () => asked }
}

it('each destination is tried until it was ready once, and none waits for another', async () => {
  const clock = createFakeClock()
  const [soon, late] = [readyAt(1), readyAt(3)]
  const parts = { clock, random: () => 1 }
  const tried = tryDestinations([late.publisher, soon.publisher], parts, new AbortController().signal)
  await clock.advance(0)
  expect([soon.asked(), late.asked()]).toEqual([1, 1])
  await clock.advance(1)
  expect([soon.asked(), late.asked()]).toEqual([1, 2])
  await clock.advance(3)
  await tried
  expect([soon.asked(), late.asked()]).toEqual([1, 3])
})

it('a destination that is never ready is tried no more when the agent stops', async () => {
  const clock = createFakeClock()
  const never = readyAt(Infinity)
  const stopping = new AbortController()
  const tried = tryDestinations([never.publisher], { clock, random: () => 1 }, stopping.signal)
  await clock.advance(1)
  stopping.abort()
  await tried
  const asked = never.asked()
  await clock.advance(100)
  expect(never.asked()).toBe(asked)
})
