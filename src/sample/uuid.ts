import { randomUUID } from 'node:crypto'

/**
 * A function that gives a new random UUID at each call, as a flat text. `randomUUID` gives a rope of twenty pieces, which
 * the garbage collector follows for each sample held and signing flattens after all.
 */
export function createUuidSource(): () => string {
  const text = Buffer.from('00000000-0000-0000-0000-000000000000', 'latin1')
  return () => {
    text.write(randomUUID(), 'latin1')
    return text.toString('latin1')
  }
}
