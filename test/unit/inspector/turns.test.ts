import { describe, expect, it } from 'vitest'
import type { Clock } from '../../../src/schedule/clock.js'
import { everyGroup, inspectorOf, runningDomain } from '../../support/inspector.js'
import { inEveryTurn } from '../../support/other-work.js'

/** Goes on by so many milliseconds whenever somebody looks at it. */
function goOn(clock: Clock, msALook: number): void {
  const { wallMs, monotonicSeconds } = clock.now()
  let workedMs = 0
  clock.now = () => {
    workedMs += msALook
    return { wallMs: wallMs + workedMs, monotonicSeconds: monotonicSeconds + workedMs / 1000 }
  }
}

const aHostOf = (domains: number) => {
  const running = Array.from({ length: domains }, (_, index) => runningDomain(index + 1))
  return inspectorOf({ domains: running }, { diskInfo: 'bulk' })
}

describe('other work of the process', () => {
  it('has its turn in the midst of a survey of many domains, first of listing them, then of describing them', async () => {
    const { clock, inspector, signal } = aHostOf(400)
    const before = await inspector.survey(signal)
    goOn(clock, 0.25)
    let turns = 0
    const other = inEveryTurn(() => (turns += 1))
    const survey = await inspector.survey(signal)
    other.end()
    expect(survey.domains).toEqual(before.domains)
    expect(turns).toBeGreaterThan(150)
  })

  it('has its turn in the midst of making out the figures of many domains', async () => {
    const { clock, inspector, signal } = aHostOf(400)
    const survey = await inspector.survey(signal)
    goOn(clock, 0.25)
    let turns = 0
    const other = inEveryTurn(() => (turns += 1))
    const request = { domains: survey.domains, groups: new Set(everyGroup), reportStopped: false }
    const inspection = await inspector.inspect(request, signal)
    other.end()
    expect(survey.domains.filter(({ uuid }) => inspection.look(uuid).ok)).toHaveLength(400)
    expect(turns).toBeGreaterThan(100)
  })
})
