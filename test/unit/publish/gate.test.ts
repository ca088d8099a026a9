import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { Gate } from '../../../src/publish/gate.js'

const patient = new AbortController().signal

/** Who is in, in the order in which they were let in. */
async function enterAll(gate: Gate, names: readonly string[]): Promise<string[]> {
  const inside: string[] = []
  for (const name of names) void gate.enter(patient).then(() => inside.push(name))
  await turn()
  return inside
}

describe('a gate', () => {
  it('lets in as many as its limit, first come first served', async () => {
    const gate = new Gate(2)
    const inside = await enterAll(gate, ['a', 'b', 'c', 'd'])
    expect(inside).toEqual(['a', 'b'])
    gate.leave()
    await turn()
    expect(inside).toEqual(['a', 'b', 'c'])
  })

  it('lets nobody in while anything holds it', async () => {
    const gate = new Gate(9)
    gate.hold('blocked')
    gate.hold('full')
    const inside = await enterAll(gate, ['a'])
    gate.release('full')
    await turn()
    expect(inside).toEqual([])
    gate.release('blocked')
    await turn()
    expect(inside).toEqual(['a'])
  })

  it('turns away those who wait and those who come when it is shut', async () => {
    const gate = new Gate(0)
    const waiting = gate.enter(patient)
    gate.shut(new Error('gone'))
    await expect(waiting).rejects.toThrow('gone')
    await expect(gate.enter(patient)).rejects.toThrow('gone')
  })

  it('keeps no place for someone who gave up, not even in the turn in which it was free', async () => {
    const gate = new Gate(1)
    await gate.enter(patient)
    const impatient = new AbortController()
    const waiting = gate.enter(impatient.signal)
    impatient.abort(new Error('enough'))
    gate.leave()
    await expect(waiting).rejects.toThrow('enough')
    expect(await enterAll(gate, ['a'])).toEqual(['a'])
  })
})
