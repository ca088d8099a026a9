import { describe, expect, it } from 'vitest'
import { add, exactInteger, subtract } from '../../../src/sample/volume.js'

const beyond = 2n ** 53n + 1n

describe('volumes', () => {
  it('are numbers as long as that is exact', () => {
    expect(exactInteger(2n ** 53n - 1n)).toBe(2 ** 53 - 1)
    expect(exactInteger(-42n)).toBe(-42)
    expect(exactInteger(beyond)).toBe(beyond)
    expect(exactInteger(2n ** 64n - 1n)).toBe(18446744073709551615n)
  })

  it('are subtracted exactly on either side of 2^53', () => {
    expect(subtract(beyond, beyond - 3n)).toBe(3)
    expect(subtract(beyond, 1)).toBe(beyond - 1n)
    expect(subtract(1, beyond + 1n)).toBe(-beyond)
    expect(subtract(2.5, 1)).toBe(1.5)
  })

  it('are added exactly on either side of 2^53', () => {
    expect(add(2 ** 53 - 1, 2)).toBe(beyond)
    expect(add(beyond, -2)).toBe(2 ** 53 - 1)
    expect(add(beyond, beyond)).toBe(2n * beyond)
    expect(add(0.5, 1)).toBe(1.5)
  })
})
