import { beforeEach, describe, expect, it } from 'vitest'
import type { Outcome, Pollster } from '../../../src/pollster/index.js'
import { aLook, anInstance, ok, uuidOf } from '../../support/instances.js'
import { aPollster, aSource, FakeWorld } from '../../support/polling.js'

let world: FakeWorld
beforeEach(() => {
  world = new FakeWorld()
  world.resources = [anInstance({ number: 1 }), anInstance({ number: 2 })]
})

describe('a cycle', () => {
  it('makes one sample of each reading, with everything of its resource and the time of the look', async () => {
    const takenAt = { wallMs: 5, monotonicSeconds: 6 }
    world.resources.pop()
    world.looks.set(uuidOf(1), ok(aLook({ takenAt })))
    const poll = () => [{ volume: 7n, resourceId: 'part', metadata: { of: 'it' } }]
    await world.cycle({ pollsters: [aPollster({ poll })] })
    const { metadata } = world.resources[0]!
    expect(world.samples).toEqual([
      {
        id: 'sample-1',
        source: 'openstack',
        name: 'one',
        type: 'gauge',
        unit: 'B',
        volume: 7n,
        numberKind: 'int',
        userId: 'user-1',
        userName: 'alice',
        projectId: 'project-1',
        projectName: 'demo',
        resourceId: 'part',
        takenAt,
        metadata,
        extraMetadata: { of: 'it' },
      },
    ])
    expect(world.samples[0]!.metadata).toBe(metadata)
  })

  it('looks once at every domain for the union of what its pollsters need', async () => {
    const pollsters = [
      aPollster({ meter: 'a', needs: ['balloon', 'state'] }),
      aPollster({ meter: 'b', needs: ['block', 'state'] }),
      aPollster({ meter: 'c', needs: ['perf'] }),
    ]
    const report = await world.cycle({
      pollsters,
      sources: [aSource({ meters: ['a'] }), aSource({ name: 'x', meters: ['b'] })],
    })
    expect(world.surveys).toHaveLength(1)
    expect(world.inspections).toHaveLength(1)
    expect([...world.inspections[0]!.groups].sort()).toEqual(['balloon', 'block', 'state'])
    expect(world.inspections[0]!.domains.map(({ uuid }) => uuid)).toEqual([uuidOf(1), uuidOf(2)])
    expect(report).toMatchObject({ calls: 3, instances: 2, produced: 4 })
  })

  it('makes no call for meters that need no statistics', async () => {
    const report = await world.cycle({ pollsters: [aPollster({ needs: [] })] })
    expect(world.inspections).toEqual([])
    expect(report).toMatchObject({ produced: 2, calls: 1 })
  })

  it('says how long it took, from discovery to the last sample', async () => {
    world.beforeInspection = () => world.clock.advance(2.5)
    expect((await world.cycle()).seconds).toBeCloseTo(2.5)
  })

  it('keeps the meters of other pollsters when one throws, rejects or gives nonsense', async () => {
    const nonsense: readonly [string, Pollster['poll']][] = [
      [
        'throws',
        () => {
          throw new Error('oops')
        },
      ],
      ['rejects', () => Promise.reject(new Error('oops'))],
      [
        'throws-text',
        () => {
          AbortSignal.abort('oops').throwIfAborted()
          return []
        },
      ],
      ['no-list', () => ({ volume: 1 }) as unknown as Outcome[]],
      ['nothing', () => undefined as unknown as Outcome[]],
      ['list-of-nothing', () => [undefined as unknown as Outcome]],
      ['nan', () => [{ volume: NaN }]],
      ['fraction', () => [{ volume: 1.5 }]],
      ['unsafe', () => [{ volume: 2 ** 60 }]],
      ['text', () => [{ volume: '1' as unknown as number }]],
      ['bad-id', () => [{ volume: 1, resourceId: '' }]],
      ['bad-metadata', () => [{ volume: 1, metadata: [] as unknown as Record<string, string> }]],
      ['bad-time', () => [{ volume: 1, takenAt: 5 as never }]],
      ['bad-reason', () => [{ reason: 'because' as 'stuck', detail: '' }]],
      ['no-detail', () => [{ reason: 'stuck' } as Outcome]],
    ]
    const pollsters = [...nonsense.map(([meter, poll]) => aPollster({ meter, poll })), aPollster()]
    const report = await world.cycle({ pollsters })
    expect(world.volumes('one')).toEqual([1, 1])
    expect(world.samples).toHaveLength(2)
    expect(report).toMatchObject({
      expected: 32,
      produced: 2,
      missing: { failed: 30 },
      unaccounted: 0,
      error: undefined,
    })
    for (const { meter, resources, failures, error } of report.pollsters) {
      expect(resources).toBe(2)
      expect(failures).toBe(meter === 'one' ? 0 : 2)
      if (meter !== 'one') expect(error!.message).toContain(meter)
    }
  })

  it('takes a float for a float meter only', async () => {
    const float = { number: 'float' } as const
    await world.cycle({
      pollsters: [
        aPollster({ ...float, meter: 'good', poll: () => [{ volume: 1.5 }] }),
        aPollster({ ...float, meter: 'big', poll: () => [{ volume: 1n }] }),
        aPollster({ ...float, meter: 'endless', poll: () => [{ volume: Infinity }] }),
      ],
    })
    expect(world.samples.map(({ name }) => name)).toEqual(['good', 'good'])
  })

  it('loses a pollster for one resource only where it fails for one', async () => {
    const poll: Pollster['poll'] = ({ id }) => {
      if (id === uuidOf(1)) throw new Error('not this one')
      return [{ volume: 2 }]
    }
    const report = await world.cycle({ pollsters: [aPollster({ poll })] })
    expect(world.samples.map(({ resourceId }) => resourceId)).toEqual([uuidOf(2)])
    expect(report.pollsters).toMatchObject([{ meter: 'one', resources: 2, failures: 1 }])
  })

  it('asks a pollster again in every cycle, however often it failed', async () => {
    let cycles = 0
    const pollster = aPollster({
      poll: () => {
        if (cycles < 3) throw new Error('not yet')
        return [{ volume: cycles }]
      },
    })
    for (; cycles < 4; cycles += 1) {
      await world.cycle({ pollsters: [pollster] })
      await world.clock.advance(300)
    }
    expect(new Set(world.volumes('one'))).toEqual(new Set([3]))
  })

  it('gives an asynchronous pollster its share of the cycle and no more', async () => {
    let asked = 0
    let aborted = false
    const slow = aPollster({
      meter: 'slow',
      poll: (_instance, { signal }) => {
        asked += 1
        signal.addEventListener('abort', () => (aborted = true))
        return new Promise(() => undefined)
      },
    })
    const running = world.cycle({ pollsters: [slow, aPollster()] })
    await world.clock.advance(11)
    const report = await running
    expect(world.volumes('one')).toEqual([1, 1])
    expect(report).toMatchObject({ produced: 2, missing: { failed: 2 }, seconds: 10 })
    expect([asked, aborted]).toEqual([1, true])
  })

  it('works out once a cycle what pollsters share, failures included', async () => {
    let produced = 0
    const poll: Pollster['poll'] = async (_instance, { once }) => [
      { volume: await once('dear', () => Promise.resolve((produced += 1))) },
    ]
    const broken: Pollster['poll'] = (_instance, { once }) =>
      once('broken', () => {
        produced += 100
        throw new Error('down')
      })
    await world.cycle({
      pollsters: [
        aPollster({ poll }),
        aPollster({ meter: 'two', poll }),
        aPollster({ meter: 'x', poll: broken }),
      ],
    })
    expect(world.samples.map(({ volume }) => volume)).toEqual([1, 1, 1, 1])
    expect(produced).toBe(101)
  })

  it('takes the time of the poll for a reading without a look', async () => {
    world.looks.set(uuidOf(1), { ok: false, reason: 'shut-off', detail: 'off' })
    world.resources.pop()
    await world.cycle()
    expect(world.samples[0]!.takenAt).toEqual(world.clock.now())
  })

  it('looks at the chosen instances only', async () => {
    const report = await world.cycle({ accepts: ({ id }) => id === uuidOf(2) })
    expect(world.inspections[0]!.domains.map(({ uuid }) => uuid)).toEqual([uuidOf(2)])
    expect(report).toMatchObject({ instances: 1, expected: 1 })
  })
})
