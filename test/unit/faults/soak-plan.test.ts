import { expect, test } from 'vitest'
import { faults, plannedFaults, seeded, sufferers, type Sufferer } from '../../faults/soak/plan.js'

const first = (seed: number, sufferer: Sufferer, count: number) => {
  const plan = plannedFaults(seed, sufferer)
  return Array.from({ length: count }, () => plan.next().value)
}

test('a seed gives the same faults in the same order, and another seed gives another', () => {
  for (const sufferer of sufferers) {
    expect(first(7, sufferer, 50)).toEqual(first(7, sufferer, 50))
    expect(first(7, sufferer, 50)).not.toEqual(first(8, sufferer, 50))
  }
})

test('every fault comes once before any comes again', () => {
  for (const sufferer of sufferers) {
    const kinds = faults[sufferer].toSorted()
    const names = first(3, sufferer, 2 * kinds.length).map(({ fault }) => fault)
    expect(names.slice(0, kinds.length).toSorted()).toEqual(kinds)
    expect(names.slice(kinds.length).toSorted()).toEqual(kinds)
  }
})

test('the numbers of a seed are spread from 0 up to 1', () => {
  const random = seeded(42)
  const numbers = Array.from({ length: 10_000 }, random)
  expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0)
  expect(Math.max(...numbers)).toBeLessThan(1)
  const tenths = Array.from({ length: 10 }, (_, tenth) => numbers.filter((n) => Math.floor(n * 10) === tenth))
  for (const { length } of tenths) expect(Math.abs(length - 1000)).toBeLessThan(200)
})
