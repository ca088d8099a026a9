import { setFlagsFromString } from 'node:v8'

/**
 * V8 thinks of optimising a function after this much bytecode of it, 67,584 by default, and a small function no sooner. A
 * process that works a moment and rests for minutes does not earn back what compiling costs: docs/performance.md has
 * the figures.
 */
const flags = ['--interrupt-budget=1000000', '--max-bytecode-size-for-early-opt=0']

/** Tells V8 so; for the whole process, and before it does much. */
export function compileLater(): void {
  flags.forEach(setFlagsFromString)
}
