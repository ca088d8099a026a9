import type { Scalar } from './yaml-scalars.js'

/**
 * A scalar through Python's `int()`: a float is cut, a switch is 1 or 0, text may have blanks around and single
 * underscores within. Undefined where Python raises.
 */
export function pythonInt(value: Scalar): number | undefined {
  if (typeof value === 'bigint') return Number(value)
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value === 'number') return Number.isFinite(value) ? Math.trunc(value) : undefined
  if (typeof value !== 'string') return undefined
  const text = value.trim()
  return /^[-+]?\d+(?:_\d+)*$/.test(text) ? Number(text.replaceAll('_', '')) : undefined
}
