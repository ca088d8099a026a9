import { EventEmitter } from 'node:events'
import { describe, expect, it } from 'vitest'
import { hearHangups } from '../../../src/cli/hangups.js'

function aProcess() {
  const signals = new EventEmitter()
  const io = {
    onSignal(signal: string, listener: () => void) {
      signals.on(signal, listener)
      return () => signals.off(signal, listener)
    },
  }
  return { io, hangUp: () => signals.emit('SIGHUP') }
}

describe('SIGHUP', () => {
  it.each([
    { before: 0, after: 0, reloads: 0 },
    { before: 0, after: 2, reloads: 2 },
    { before: 3, after: 0, reloads: 1 },
    { before: 1, after: 1, reloads: 2 },
  ])('$before times before there is an agent and $after times after asks for $reloads reloads', (row) => {
    const { io, hangUp } = aProcess()
    const onHangup = hearHangups(io)
    for (let time = 0; time < row.before; time += 1) expect(hangUp()).toBe(true)
    let reloads = 0
    onHangup(() => {
      reloads += 1
    })
    for (let time = 0; time < row.after; time += 1) hangUp()
    expect(reloads).toBe(row.reloads)
  })
})
