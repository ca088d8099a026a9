/**
 * Numbers as Python prints them. Consumers of samples are Python programs that sign and compare the text of a
 * number, so an int and a float of the same value are two different things on the wire: `512` and `512.0`.
 */

/** Smallest magnitude that Python prints without an exponent. */
const leastPlain = 1e-4
/** First magnitude that Python prints with an exponent; JavaScript goes on to 1e21. */
const firstExponent = 1e16

/**
 * `repr(float)`: the shortest digits that read back as the same float, with `.0` when integral (`512.0`, `-0.0`),
 * and with a signed exponent of at least two digits below 1e-4 and from 1e16 on (`1e-07`, `1.5e+16`). Also `nan`,
 * `inf` and `-inf`, which JSON cannot say.
 */
export function pythonFloat(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0'
  const magnitude = Math.abs(value)
  if (magnitude >= firstExponent || magnitude < leastPlain) {
    return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2')
  }
  return Number.isInteger(value) ? `${value}.0` : String(value)
}

/** `str(int)` of a bigint or of an integral number: digits and nothing else, `0` for -0. */
export function pythonInt(value: number | bigint): string {
  return Number.isSafeInteger(value) ? String(value) : BigInt(value).toString()
}
