/** A figure. 64-bit counters stay exact: a bigint where a number would round. */
export type Volume = number | bigint

/**
 * How a meter's volumes are written and signed: an `int` as a bare JSON integer, a `float` as Python prints it
 * (`512.0`, `1e-07`), also when it is integral. Each meter is one or the other for good.
 */
export type NumberKind = 'int' | 'float'

/** A 64-bit integer as a number where that is exact, else as it is. */
export function exactInteger(value: bigint): Volume {
  const rounded = Number(value)
  return Number.isSafeInteger(rounded) ? rounded : value
}

/** `later - earlier`, exact for integers on either side of 2^53. */
export function subtract(later: Volume, earlier: Volume): Volume {
  if (typeof later === 'number' && typeof earlier === 'number') return later - earlier
  return exactInteger(BigInt(later) - BigInt(earlier))
}

/** `left + right`, exact for integers on either side of 2^53. */
export function add(left: Volume, right: Volume): Volume {
  if (typeof left === 'number' && typeof right === 'number') {
    const sum = left + right
    if (Number.isSafeInteger(sum) || !Number.isInteger(sum)) return sum
  }
  return exactInteger(BigInt(left) + BigInt(right))
}
