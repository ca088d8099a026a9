import { describe, expect, it } from 'vitest'
import type { Pollster } from '../../../src/pollster/index.js'
import { anInstance } from '../../support/instances.js'
import { inEveryTurn } from '../../support/other-work.js'
import { aPollster, FakeWorld } from '../../support/polling.js'

/** A host whose clock goes on when somebody works, and by so many milliseconds whenever somebody looks at it. */
function aHostOf(instances: number, msALook = 0): FakeWorld & { work(ms: number): void } {
  const world = new FakeWorld()
  world.resources = Array.from({ length: instances }, (_, index) => anInstance({ number: index + 1 }))
  const { wallMs, monotonicSeconds } = world.clock.now()
  let workedMs = 0
  world.clock.now = () => {
    workedMs += msALook
    return { wallMs: wallMs + workedMs, monotonicSeconds: monotonicSeconds + workedMs / 1000 }
  }
  return Object.assign(world, { work: (ms: number) => void (workedMs += ms) })
}

describe('other work of the process', () => {
  it('has its turn in the midst of the polls of a big host', async () => {
    const host = aHostOf(200)
    let polled = 0
    let polledBefore = 0
    let mostAtOnce = 0
    const look = () => {
      mostAtOnce = Math.max(mostAtOnce, polled - polledBefore)
      polledBefore = polled
    }
    const other = inEveryTurn(look)
    const poll: Pollster['poll'] = () => {
      host.work(0.5)
      polled += 1
      return [{ volume: polled }]
    }
    const report = await host.cycle({ pollsters: [aPollster({ poll })] })
    look()
    other.end()
    expect(report).toMatchObject({ expected: 200, produced: 200, error: undefined })
    expect(mostAtOnce).toBeLessThan(10)
  })

  it('has its turn while the polls of a big host are planned', async () => {
    const host = aHostOf(200, 0.5)
    let turns = 0
    let turnsOfPlanning = 0
    const other = inEveryTurn(() => (turns += 1))
    host.beforeInspection = () => {
      turnsOfPlanning = turns
      return Promise.resolve()
    }
    await host.cycle()
    other.end()
    expect(turnsOfPlanning).toBeGreaterThan(50)
  })

  it('can end a cycle in the midst of it: what is not polled then is missing as stopped', async () => {
    const host = aHostOf(200)
    const stop = new AbortController()
    let polled = 0
    const other = inEveryTurn(() => {
      if (polled > 20) stop.abort(new Error('the process is ending'))
    })
    const poll: Pollster['poll'] = () => {
      host.work(0.5)
      polled += 1
      return [{ volume: polled }]
    }
    const report = await host.cycle({ pollsters: [aPollster({ poll })], signal: stop.signal })
    other.end()
    expect(polled).toBeLessThan(50)
    expect(report).toMatchObject({ expected: 200, produced: polled, missing: { stopped: 200 - polled } })
  })
})
