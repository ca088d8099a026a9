import { describe, expect, it } from 'vitest'
import { blankTimestamp, isoTimestamp } from '../../../src/sample/timestamp.js'

const second = Date.UTC(2026, 10, 21, 8, 8, 24)

describe('isoTimestamp', () => {
  it.each([
    [second, '2026-11-21T08:08:24'],
    [second + 123, '2026-11-21T08:08:24.123000'],
    [second + 7, '2026-11-21T08:08:24.007000'],
    [second + 123.758, '2026-11-21T08:08:24.123758'],
    [second + 0.001, '2026-11-21T08:08:24.000001'],
    [second + 999.9999, '2026-11-21T08:08:25'],
    [0, '1970-01-01T00:00:00'],
    [-1, '1969-12-31T23:59:59.999000'],
  ])('writes %d ms as %s', (wallMs, text) => {
    expect(isoTimestamp(wallMs)).toBe(text)
  })
})

describe('blankTimestamp', () => {
  it('has a blank between date and time', () => {
    expect(blankTimestamp(second + 550.82)).toBe('2026-11-21 08:08:24.550820')
    expect(blankTimestamp(second)).toBe('2026-11-21 08:08:24')
  })
})
