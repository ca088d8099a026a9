import { beforeEach, describe, expect, it } from 'vitest'
import type { Source } from '../../../src/config/options.js'
import { vnicDelta, type Pollster } from '../../../src/pollster/index.js'
import { aLook, anInstance, ok, uuidOf, vnicStats } from '../../support/instances.js'
import { aPollster, aSource, every, FakeWorld } from '../../support/polling.js'

let world: FakeWorld
beforeEach(() => {
  world = new FakeWorld()
  world.resources = [anInstance({ number: 1 }), anInstance({ number: 2 })]
})

describe('sources', () => {
  const counting = aPollster()

  it('of one schedule share a meter of a resource; it is polled for the first', async () => {
    const report = await world.cycle({
      sources: [aSource({ name: 'first' }), aSource({ name: 'second', meters: ['one'] })],
      pollsters: [counting],
    })
    expect(report.produced).toBe(2)
  })

  it('of two schedules each poll it', async () => {
    const report = await world.cycle({
      sources: [aSource(), aSource({ name: 'slow', schedule: every(60) })],
      pollsters: [counting],
    })
    expect(report.produced).toBe(4)
  })

  it('of two schedules never take each other’s differences', async () => {
    const delta = vnicDelta({
      meter: 'delta',
      unit: 'B',
      description: 'a delta',
      needs: ['interface'],
      counter: (vnic) => vnic.rxBytes,
    })
    const fast = aSource({ name: 'fast', schedule: every(10) })
    const slow = aSource({ name: 'slow', schedule: every(30) })
    world.resources = [anInstance()]
    const look = (rxBytes: number) =>
      world.looks.set(uuidOf(1), ok(aLook({ vnics: [vnicStats({ rxBytes })] })))
    const turns: [number, Source[]][] = [
      [100, [fast, slow]],
      [150, [fast]],
      [160, [fast]],
      [600, [fast, slow]],
    ]
    for (const [rxBytes, sources] of turns) {
      look(rxBytes)
      await world.cycle({ sources, pollsters: [delta] })
    }
    expect(world.volumes('delta')).toEqual([0, 0, 50, 10, 440, 500])
  })

  it('have the resources of the discoveries they name', async () => {
    const other = {
      id: 'other',
      source: 'lab',
      userId: null,
      userName: null,
      projectId: null,
      projectName: null,
      metadata: {},
    }
    world.discoveries.set(
      'others',
      world.discoveryOf('others', () => ({ resources: [other], skipped: [] })),
    )
    const anything = aPollster({ meter: 'anything', per: 'resource' })
    const report = await world.cycle({
      sources: [aSource({ discovery: ['others'] })],
      pollsters: [anything, aPollster()],
    })
    expect(world.samples).toMatchObject([{ name: 'anything', resourceId: 'other', source: 'lab' }])
    expect(report).toMatchObject({ expected: 1, instances: 0 })
  })
})

describe('a fault of a discovery', () => {
  it('costs the sources of that discovery only, and is in the report', async () => {
    const error = new Error('bad answer')
    world.discoveries.set(
      'others',
      world.discoveryOf('others', () => Promise.reject(error)),
    )
    const report = await world.cycle({ sources: [aSource({ name: 'x', discovery: ['others'] }), aSource()] })
    expect(report).toMatchObject({ produced: 2, error })
  })

  it('names the discovery that does not exist and those that do', async () => {
    const { error } = await world.cycle({ sources: [aSource({ discovery: ['nova'] })] })
    expect(error!.message).toContain('nova')
    expect(error!.message).toContain('local_instances')
  })

  it('does not cost what deltas remember', async () => {
    const remembering: Pollster['poll'] = (_instance, { memory, now }) => {
      const known = memory.recall('key') !== undefined
      memory.remember('key', { volume: 1, takenAt: now, epoch: '' })
      return [{ volume: known ? 1 : 0 }]
    }
    const pollsters = [aPollster({ poll: remembering })]
    await world.cycle({ pollsters })
    const local = world.discoveries.get('local_instances')!
    world.discoveries.set(
      'local_instances',
      world.discoveryOf('local_instances', () => Promise.reject(new Error('once'))),
    )
    await world.cycle({ pollsters })
    world.discoveries.set('local_instances', local)
    await world.cycle({ pollsters })
    expect(world.volumes('one')).toEqual([0, 0, 1, 1])
  })
})
