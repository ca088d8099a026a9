import { describe, expect, it } from 'vitest'
import { AwaitedAnswers } from '../../../src/publish/amqp-answers.js'
import { createFakeClock } from '../../support/fake-clock.js'

function setUp() {
  const clock = createFakeClock()
  const late: string[] = []
  const end = new AbortController()
  const answers = new AwaitedAnswers({
    ...{ clock, seconds: 10, signal: end.signal },
    onLate: (what) => {
      late.push(`${what} at ${clock.now().monotonicSeconds - startedAt}`)
      end.abort()
    },
  })
  const startedAt = clock.now().monotonicSeconds
  return { clock, late, end, answers }
}

describe('answers of a broker', () => {
  it('are late when they have not come in time, each from its own beginning', async () => {
    const { clock, late, answers } = setUp()
    const first = answers.expect('first')
    await clock.advance(6)
    answers.expect('second')
    await clock.advance(3)
    first()
    await clock.advance(6)
    expect(late).toEqual([])
    await clock.advance(1)
    expect(late).toEqual(['second at 16'])
  })

  it('are watched again after a time in which none was awaited', async () => {
    const { clock, late, answers } = setUp()
    answers.expect('first')()
    await clock.advance(100)
    answers.expect('second')
    await clock.advance(10)
    expect(late).toEqual(['second at 110'])
  })

  it('have all their time again after they were held up', async () => {
    const { clock, late, answers } = setUp()
    answers.expect('confirm')
    await clock.advance(9)
    answers.hold()
    await clock.advance(100)
    expect(late).toEqual([])
    answers.release()
    await clock.advance(9)
    expect(late).toEqual([])
    await clock.advance(1)
    expect(late).toEqual(['confirm at 119'])
  })

  it('are nobody’s any more at the end', async () => {
    const { clock, late, end, answers } = setUp()
    answers.expect('confirm')
    end.abort()
    await clock.advance(100)
    expect(late).toEqual([])
  })
})
