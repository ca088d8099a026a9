import { describe, expect, it } from 'vitest'
import { everyGroup, inspectorOf, runningDomain } from '../../support/inspector.js'
import { inEveryTurn } from '../../support/other-work.js'

describe('other work of the process', () => {
  it('has its turn in the midst of making out the figures of many domains', async () => {
    const domains = Array.from({ length: 400 }, (_, index) => runningDomain(index + 1))
    const { clock, inspector, signal } = inspectorOf({ domains }, { diskInfo: 'bulk' })
    const survey = await inspector.survey(signal)
    const { wallMs, monotonicSeconds } = clock.now()
    let workedMs = 0
    clock.now = () => {
      workedMs += 0.25
      return { wallMs: wallMs + workedMs, monotonicSeconds: monotonicSeconds + workedMs / 1000 }
    }
    let turns = 0
    const other = inEveryTurn(() => (turns += 1))
    const request = { domains: survey.domains, groups: new Set(everyGroup), reportStopped: false }
    const inspection = await inspector.inspect(request, signal)
    other.end()
    expect(survey.domains.filter(({ uuid }) => inspection.look(uuid).ok)).toHaveLength(400)
    expect(turns).toBeGreaterThan(100)
  })
})
