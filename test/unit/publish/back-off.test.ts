import { expect, it } from 'vitest'
import { BackOff } from '../../../src/publish/back-off.js'

const waits = (random: number): BackOff =>
  new BackOff({ firstSeconds: 1, stepSeconds: 2, maxSeconds: 6, random: () => random })

it('waits longer after each failure in a row, up to the most', () => {
  const backOff = waits(1)
  expect([1, 2, 3, 4, 5].map(() => backOff.next())).toEqual([1, 3, 5, 6, 6])
})

it('begins anew when it worked', () => {
  const backOff = waits(1)
  backOff.next()
  backOff.next()
  backOff.reset()
  expect(backOff.next()).toBe(1)
})

it('leaves the last quarter of each wait to chance', () => {
  const backOff = waits(0)
  expect([1, 2].map(() => backOff.next())).toEqual([0.75, 2.25])
})
