import { beforeEach, describe, expect, it } from 'vitest'
import { ConnectionError } from '../../../src/errors.js'
import type { CycleReport } from '../../../src/polling/report.js'
import { loadPollsters } from '../../../src/pollster/load.js'
import type { Pollster } from '../../../src/pollster/index.js'
import { aDescription, aLook, anInstance, ok, uuidOf } from '../../support/instances.js'
import { aPollster, FakeWorld } from '../../support/polling.js'

let world: FakeWorld
beforeEach(() => {
  world = new FakeWorld()
  world.resources = [anInstance({ number: 1 }), anInstance({ number: 2 })]
})

const missingSum = ({ missing }: CycleReport) => Object.values(missing).reduce((sum, count) => sum + count, 0)

describe('the ledger', () => {
  const twoDisks = aDescription({
    disks: ['vda', 'vdb'].map((device) => ({ device, hasSource: true })),
    vnics: [],
  })

  it('adds up over every meter there is', async () => {
    world.resources = [
      anInstance({ number: 1 }),
      anInstance({ number: 2, description: twoDisks }),
      anInstance({ number: 3, flavor: null }),
      anInstance({ number: 4 }),
    ]
    world.looks.set(uuidOf(3), { ok: false, reason: 'stuck', detail: 'late' })
    world.looks.set(uuidOf(4), ok(aLook({ shutOff: true })))
    const report = await world.cycle({ pollsters: await loadPollsters({ files: [] }) })
    expect(report.unaccounted).toBe(0)
    expect(report.produced).toBe(world.samples.length)
    expect(report.expected).toBe(report.produced + missingSum(report))
    expect(Object.keys(report.missing).sort()).toEqual(['not-found', 'shut-off', 'stuck', 'unsupported'])
  })

  it('says when a pollster drops a sample without a word, or gives one too many', async () => {
    const silent = await world.cycle({ pollsters: [aPollster({ poll: () => [] })] })
    expect(silent).toMatchObject({ expected: 2, produced: 0, unaccounted: 2 })
    const loud = await world.cycle({ pollsters: [aPollster({ poll: () => [{ volume: 1 }, { volume: 2 }] })] })
    expect(loud).toMatchObject({ expected: 2, produced: 4, unaccounted: 2 })
    const both: Pollster['poll'] = ({ id }) => (id === uuidOf(1) ? [] : [{ volume: 1 }, { volume: 1 }])
    expect(await world.cycle({ pollsters: [aPollster({ poll: both })] })).toMatchObject({ unaccounted: 2 })
  })

  it('names the pollster that gives too few samples or too many', async () => {
    world.resources = [anInstance({ number: 2, description: twoDisks })]
    const loses: Pollster['poll'] = () => [{ volume: 1 }]
    const report = await world.cycle({
      pollsters: [aPollster({ meter: 'good' }), aPollster({ meter: 'loses', per: 'disk', poll: loses })],
    })
    expect(report.pollsters).toMatchObject([
      { meter: 'good', failures: 0, error: undefined },
      { meter: 'loses', failures: 1, error: { code: 'POLLSTER_FAILED', details: { meter: 'loses' } } },
    ])
    expect(report.pollsters[1]!.error!.message).toContain('it gave 1 readings and absences where 2 are due')
  })

  it('counts what the notifier refuses as failed, with the pollster’s name', async () => {
    world.refuses = ({ resourceId }) => resourceId === uuidOf(1)
    const report = await world.cycle()
    expect(report).toMatchObject({ expected: 2, produced: 1, missing: { failed: 1 }, unaccounted: 0 })
    expect(report.pollsters).toMatchObject([{ meter: 'one', failures: 1 }])
  })

  it('hands a large host over in bounded portions', async () => {
    world.resources = Array.from({ length: 600 }, (_, number) => anInstance({ number }))
    const meters = Array.from({ length: 20 }, (_, number) => aPollster({ meter: `m${number}` }))
    const report = await world.cycle({ pollsters: meters })
    expect(report).toMatchObject({ expected: 12_000, produced: 12_000, notifications: 3 })
  })

  it('counts as failed what the notifier did not take', async () => {
    world.notify = () => Promise.reject(new Error('broken'))
    const report = await world.cycle()
    expect(report).toMatchObject({ expected: 2, produced: 0, missing: { failed: 2 }, unaccounted: 0 })
    expect(report.error!.message).toBe('broken')
  })

  it('counts every promised sample as unreachable when the host cannot be inspected', async () => {
    world.inspectError = new ConnectionError('LIBVIRT_UNREACHABLE', 'gone')
    const report = await world.cycle()
    expect(report).toMatchObject({ expected: 2, produced: 0, missing: { unreachable: 2 } })
    expect(report.error).toBe(world.inspectError)
  })

  it('promises nothing when the host could never be listed', async () => {
    world.surveyError = new ConnectionError('LIBVIRT_UNREACHABLE', 'gone')
    const report = await world.cycle()
    expect(report).toMatchObject({ expected: 0, produced: 0, instances: 0, error: world.surveyError })
  })

  it('counts what the instances of the last listing promise as unreachable when the host cannot be listed', async () => {
    await world.cycle()
    world.surveyError = new ConnectionError('LIBVIRT_UNREACHABLE', 'gone')
    const report = await world.cycle()
    expect(report).toMatchObject({
      ...{ expected: 2, produced: 0, missing: { unreachable: 2 }, unaccounted: 0 },
      ...{ instances: 0, error: world.surveyError },
    })
  })

  it('counts what a discovery found last as failed when it fails', async () => {
    await world.cycle()
    world.surveyError = new Error('broken')
    expect(await world.cycle()).toMatchObject({
      expected: 2,
      produced: 0,
      missing: { failed: 2 },
      unaccounted: 0,
    })
  })

  it('keeps what was read when the process is stopping, and counts the rest as stopped', async () => {
    const stop = new AbortController()
    const poll: Pollster['poll'] = async ({ id }) => {
      if (id === uuidOf(2)) {
        stop.abort(new Error('stopping'))
        await new Promise(() => undefined)
      }
      return [{ volume: 1 }]
    }
    const report = await world.cycle({ pollsters: [aPollster({ poll })], signal: stop.signal })
    expect(world.samples).toHaveLength(1)
    expect(report).toMatchObject({ expected: 2, produced: 1, missing: { stopped: 1 } })
  })
})
