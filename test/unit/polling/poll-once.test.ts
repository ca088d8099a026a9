import { beforeEach, describe, expect, it } from 'vitest'
import { ConnectionError } from '../../../src/errors.js'
import { pollOnce, type PollOnceOptions } from '../../../src/polling/poll-once.js'
import { vnicRate } from '../../../src/pollster/index.js'
import { anInstance, uuidOf } from '../../support/instances.js'
import { aPollster, aSource, every, FakeWorld } from '../../support/polling.js'

let world: FakeWorld
beforeEach(() => {
  world = new FakeWorld()
  world.resources = [anInstance({ number: 1 }), anInstance({ number: 2 })]
})

const rate = vnicRate({
  meter: 'rate',
  unit: 'B/s',
  description: 'a rate',
  needs: ['interface'],
  counters: (vnic) => [vnic.rxBytes],
  volume: ([moved = 0], seconds) => moved / seconds,
})

const poll = (options: Partial<PollOnceOptions> = {}) =>
  pollOnce(
    {
      ...world.parts,
      sources: [aSource()],
      pollsters: [aPollster()],
      computedMeters: false,
      instances: [],
      ...options,
    },
    new AbortController().signal,
  )

describe('polling once', () => {
  it('gives each sample with the name of its instance', async () => {
    const { samples, missing, report } = await poll()
    expect(samples.map(({ instanceName, sample }) => [instanceName, sample.name, sample.volume])).toEqual([
      ['vm-1', 'one', 1],
      ['vm-2', 'one', 1],
    ])
    expect(missing).toEqual([])
    expect(report.produced).toBe(2)
  })

  it('polls a meter once that sources of different schedules have', async () => {
    const sources = [aSource(), aSource({ name: 'slow', schedule: every(60) })]
    expect((await poll({ sources })).samples).toHaveLength(2)
  })

  it.each([[uuidOf(2)], ['vm-2'], ['instance-00000002']])('chooses the instance %s', async (name) => {
    const { samples, unmatched } = await poll({ instances: [name, 'nobody'] })
    expect(samples.map(({ instanceName }) => instanceName)).toEqual(['vm-2'])
    expect(unmatched).toEqual(['nobody'])
  })

  it('says of each missing figure which it is and why', async () => {
    world.looks.set(uuidOf(1), { ok: false, reason: 'stuck', detail: 'late' })
    const failing = aPollster({
      meter: 'failing',
      poll: () => {
        throw new Error('oops')
      },
    })
    const { missing } = await poll({ pollsters: [rate, failing], instances: ['vm-1'] })
    expect(missing).toEqual([
      { instanceName: 'vm-1', meter: 'rate', reason: 'stuck', detail: 'late' },
      { instanceName: 'vm-1', meter: 'failing', reason: 'failed', detail: 'oops' },
    ])
  })

  it('needs two looks for a rate, and takes them when told how far apart', async () => {
    const { missing } = await poll({ pollsters: [rate] })
    expect(missing.map(({ reason }) => reason)).toEqual(['needs-two-looks', 'needs-two-looks'])
    world = new FakeWorld()
    world.resources = [anInstance()]
    const running = poll({ pollsters: [rate], overSeconds: 5 })
    await world.clock.advance(5)
    const { samples, report } = await running
    expect(samples.map(({ sample }) => sample.volume)).toEqual([0])
    expect(report.startedAt.monotonicSeconds).toBe(1005)
  })

  it('sends the samples of the last look only', async () => {
    const running = poll({ overSeconds: 5, notifier: world })
    await world.clock.advance(5)
    await running
    expect(world.samples).toHaveLength(2)
  })

  it('does not wait for a second look at a host that is out of reach', async () => {
    world.surveyError = new ConnectionError('LIBVIRT_UNREACHABLE', 'gone')
    const { report, samples } = await poll({ overSeconds: 3600 })
    expect([report.error, samples]).toEqual([world.surveyError, []])
  })
})
