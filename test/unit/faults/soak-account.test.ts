import { describe, expect, test } from 'vitest'
import { settle, type Account, type Life, type ReceivedSample } from '../../faults/soak/account.js'
import type { CycleLine } from '../../support/agent.js'

const start = Date.UTC(2026, 0, 1)
const at = (second: number) => start + second * 1000
const uuid = '5ca1ab1e-0000-4000-8000-000000000001'

/** A cycle that ended at that second and produced one sample of two that were due. */
const cycle = (second: number, differing: Partial<CycleLine> = {}): CycleLine => ({
  ...{ level: 'info', msg: 'cycle', time: new Date(at(second)).toISOString(), seconds: 0.5, instances: 1 },
  ...{ samples: 1, expected: 2, missing: { 'no-data': 1 }, calls: 1, interval: 3, ...differing },
})

/** One of the cycle that ended at that second. */
const sample = (second: number, differing: Partial<ReceivedSample> = {}): ReceivedSample => ({
  ...{ id: `of ${second}`, atMs: at(second) - 100, meter: 'cpu', type: 'cumulative', resource: uuid },
  ...{ volume: second, digest: '', ...differing },
})

const life = (differing: Partial<Life> = {}): Life => ({
  ...{ startedAtMs: at(0), endedAtMs: at(12), killed: false, saved: [] },
  ...{ cycles: [cycle(3), cycle(6), cycle(9)], ...differing },
})

const well = { lost: [], unasked: [], open: [], backwards: [], untold: 0, unsaved: 0 }
const whole = [sample(3), sample(6), sample(9)]

interface Case {
  readonly life?: Partial<Life>
  readonly samples?: readonly ReceivedSample[]
  readonly restarts?: Parameters<typeof settle>[0]['restarts']
}

const account = (it: Case): Account =>
  settle({ lives: [life(it.life)], samples: it.samples ?? whole, restarts: it.restarts ?? [] })

describe('an account of what an agent said and what came', () => {
  test('is in order when each cycle is there with as many samples as it said', () => {
    expect(account({})).toEqual({ ...well, cycles: 3, expected: 6, missing: 3, produced: 3, received: 3 })
  })

  test.each<[string, Case, Partial<Account>]>([
    [
      'a sample that never came',
      { samples: [sample(3), sample(9)] },
      { lost: ['until 2026-01-01T00:00:06.001Z: 1 produced, 0 received'] },
    ],
    [
      'a sample that came in place of another',
      { samples: [sample(3), sample(6), sample(6, { id: 'second' })] },
      {
        lost: ['until 2026-01-01T00:00:09.001Z: 1 produced, 0 received'],
        unasked: ['until 2026-01-01T00:00:06.001Z: 1 produced, 2 received'],
      },
    ],
    [
      'a sample of no cycle of an agent that could tell of it',
      { samples: [...whole, sample(11)] },
      { unasked: ['until 2026-01-01T00:00:12.000Z: none produced, 1 received'], untold: 1 },
    ],
    [
      'a sample that had a file when its agent was killed and never came',
      { life: { killed: true, saved: ['of 9', 'of 10'] } },
      { lost: ['of 10 had a file'] },
    ],
    [
      'a sample of a cycle long before the kill of its agent',
      { life: { killed: true }, samples: [sample(6), sample(9)] },
      { lost: ['until 2026-01-01T00:00:03.001Z: 1 produced, 0 received'] },
    ],
    [
      'a counter that falls',
      { samples: [sample(3), sample(6, { volume: 2n }), sample(9)] },
      { backwards: [`cpu of ${uuid}: from 3 to 2 at 2026-01-01T00:00:05.900Z`] },
    ],
    [
      'a counter that falls though another domain was made anew',
      {
        samples: [sample(3), sample(6, { volume: 2 }), sample(9)],
        restarts: [{ uuid: 'another', fromMs: at(4), toMs: at(5) }],
      },
      { backwards: [`cpu of ${uuid}: from 3 to 2 at 2026-01-01T00:00:05.900Z`] },
    ],
  ])('tells of %s', (_what, it, told) => {
    expect(account(it)).toMatchObject({ ...well, ...told })
  })

  test.each([
    ['too few', { expected: 3 }],
    ['too many', { expected: 1 }],
    ['one unaccounted', { unaccounted: 1 }],
  ])('tells of a cycle whose ledger is open: %s', (_what, differing) => {
    const { open } = account({ life: { cycles: [cycle(3), cycle(6, differing), cycle(9)] } })
    expect(open).toHaveLength(1)
    expect(open[0]).toContain('00:00:06')
  })

  test.each<[string, Case, Partial<Account>]>([
    [
      'what a kill kept from being told',
      { life: { killed: true }, samples: [...whole, sample(12)] },
      { untold: 1 },
    ],
    [
      'what had no file yet when its agent was killed',
      { life: { killed: true }, samples: [sample(3), sample(6)] },
      { unsaved: 1 },
    ],
    [
      'a counter that begins anew with its domain',
      {
        samples: [sample(3), sample(6, { volume: 2 }), sample(9)],
        restarts: [{ uuid, fromMs: at(4), toMs: at(5) }],
      },
      {},
    ],
    [
      'a gauge that falls',
      { samples: whole.map((one) => ({ ...one, type: 'gauge', volume: -Number(one.volume) })) },
      {},
    ],
  ])('takes %s for no loss', (_what, it, told) => {
    expect(account(it)).toMatchObject({ ...well, ...told })
  })

  test('knows each life by its time', () => {
    const later = life({ startedAtMs: at(20), endedAtMs: at(30), cycles: [cycle(23)] })
    const both = settle({ lives: [life(), later], samples: [...whole, sample(23)], restarts: [] })
    expect(both).toMatchObject({ ...well, cycles: 4, received: 4 })
  })
})
