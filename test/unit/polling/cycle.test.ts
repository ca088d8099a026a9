import { beforeEach, describe, expect, it } from 'vitest'
import type { Source } from '../../../src/config/options.js'
import { ConnectionError } from '../../../src/errors.js'
import { runCycle, type CycleRequest } from '../../../src/polling/cycle.js'
import { assign } from '../../../src/polling/plan.js'
import type { CycleReport } from '../../../src/polling/report.js'
import { loadPollsters } from '../../../src/pollster/load.js'
import { vnicDelta, type Outcome, type Pollster } from '../../../src/pollster/index.js'
import { aDescription, aLook, anInstance, ok, uuidOf, vnicStats } from '../../support/instances.js'
import { aPollster, aSource, every, FakeWorld } from '../../support/polling.js'

let world: FakeWorld
beforeEach(() => {
  world = new FakeWorld()
  world.resources = [anInstance({ number: 1 }), anInstance({ number: 2 })]
})

interface Given extends Partial<CycleRequest> {
  readonly pollsters?: readonly Pollster[]
  readonly sources?: readonly Source[]
  readonly signal?: AbortSignal
}

function cycle({ pollsters = [aPollster()], sources = [aSource()], signal, ...rest }: Given = {}) {
  const assignments = assign(sources, pollsters, false)
  return runCycle(world, { assignments, notifier: world, ...rest }, signal ?? new AbortController().signal)
}

const missingSum = ({ missing }: CycleReport) => Object.values(missing).reduce((sum, count) => sum + count, 0)

const volumes = (meter: string) =>
  world.samples.filter(({ name }) => name === meter).map(({ volume }) => volume)

describe('a cycle', () => {
  it('makes one sample of each reading, with everything of its resource and the time of the look', async () => {
    const takenAt = { wallMs: 5, monotonicSeconds: 6 }
    world.resources.pop()
    world.looks.set(uuidOf(1), ok(aLook({ takenAt })))
    const poll = () => [{ volume: 7n, resourceId: 'part', metadata: { of: 'it' } }]
    await cycle({ pollsters: [aPollster({ poll })] })
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
    const report = await cycle({
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
    const report = await cycle({ pollsters: [aPollster({ needs: [] })] })
    expect(world.inspections).toEqual([])
    expect(report).toMatchObject({ produced: 2, calls: 1 })
  })

  it('says how long it took, from discovery to the last sample', async () => {
    world.beforeInspection = () => world.clock.advance(2.5)
    expect((await cycle()).seconds).toBeCloseTo(2.5)
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
          throw 'oops'
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
    const report = await cycle({ pollsters })
    expect(volumes('one')).toEqual([1, 1])
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
    await cycle({
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
    const report = await cycle({ pollsters: [aPollster({ poll })] })
    expect(world.samples.map(({ resourceId }) => resourceId)).toEqual([uuidOf(2)])
    expect(report.pollsters).toMatchObject([{ meter: 'one', resources: 2, failures: 1 }])
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
    const running = cycle({ pollsters: [slow, aPollster()] })
    await world.clock.advance(11)
    const report = await running
    expect(volumes('one')).toEqual([1, 1])
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
    await cycle({
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
    await cycle()
    expect(world.samples[0]!.takenAt).toEqual(world.clock.now())
  })

  it('looks at the chosen instances only', async () => {
    const report = await cycle({ accepts: ({ id }) => id === uuidOf(2) })
    expect(world.inspections[0]!.domains.map(({ uuid }) => uuid)).toEqual([uuidOf(2)])
    expect(report).toMatchObject({ instances: 1, expected: 1 })
  })
})

describe('sources', () => {
  const counting = aPollster()

  it('of one schedule share a meter of a resource; it is polled for the first', async () => {
    const report = await cycle({
      sources: [aSource({ name: 'first' }), aSource({ name: 'second', meters: ['one'] })],
      pollsters: [counting],
    })
    expect(report.produced).toBe(2)
  })

  it('of two schedules each poll it', async () => {
    const report = await cycle({
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
      await cycle({ sources, pollsters: [delta] })
    }
    expect(volumes('delta')).toEqual([0, 0, 50, 10, 440, 500])
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
    const report = await cycle({
      sources: [aSource({ discovery: ['others'] })],
      pollsters: [anything, aPollster()],
    })
    expect(world.samples).toMatchObject([{ name: 'anything', resourceId: 'other', source: 'lab' }])
    expect(report).toMatchObject({ expected: 1, instances: 0 })
  })
})

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
    const report = await cycle({ pollsters: await loadPollsters({ files: [] }) })
    expect(report.unaccounted).toBe(0)
    expect(report.produced).toBe(world.samples.length)
    expect(report.expected).toBe(report.produced + missingSum(report))
    expect(Object.keys(report.missing).sort()).toEqual(['not-found', 'shut-off', 'stuck', 'unsupported'])
  })

  it('says when a pollster drops a sample without a word, or gives one too many', async () => {
    const silent = await cycle({ pollsters: [aPollster({ poll: () => [] })] })
    expect(silent).toMatchObject({ expected: 2, produced: 0, unaccounted: 2 })
    const loud = await cycle({ pollsters: [aPollster({ poll: () => [{ volume: 1 }, { volume: 2 }] })] })
    expect(loud).toMatchObject({ expected: 2, produced: 4, unaccounted: 2 })
    const both: Pollster['poll'] = ({ id }) => (id === uuidOf(1) ? [] : [{ volume: 1 }, { volume: 1 }])
    expect(await cycle({ pollsters: [aPollster({ poll: both })] })).toMatchObject({ unaccounted: 2 })
  })

  it('counts what the notifier refuses as failed, with the pollster’s name', async () => {
    world.refuses = ({ resourceId }) => resourceId === uuidOf(1)
    const report = await cycle()
    expect(report).toMatchObject({ expected: 2, produced: 1, missing: { failed: 1 }, unaccounted: 0 })
    expect(report.pollsters).toMatchObject([{ meter: 'one', failures: 1 }])
  })

  it('hands a large host over in bounded portions', async () => {
    world.resources = Array.from({ length: 600 }, (_, number) => anInstance({ number }))
    const meters = Array.from({ length: 20 }, (_, number) => aPollster({ meter: `m${number}` }))
    const report = await cycle({ pollsters: meters })
    expect(report).toMatchObject({ expected: 12_000, produced: 12_000, notifications: 3 })
  })

  it('counts every promised sample as unreachable when the host cannot be inspected', async () => {
    world.inspectError = new ConnectionError('LIBVIRT_UNREACHABLE', 'gone')
    const report = await cycle()
    expect(report).toMatchObject({ expected: 2, produced: 0, missing: { unreachable: 2 } })
    expect(report.error).toBe(world.inspectError)
  })

  it('promises nothing when the host cannot be listed', async () => {
    world.surveyError = new ConnectionError('LIBVIRT_UNREACHABLE', 'gone')
    const report = await cycle()
    expect(report).toMatchObject({ expected: 0, produced: 0, instances: 0, error: world.surveyError })
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
    const report = await cycle({ pollsters: [aPollster({ poll })], signal: stop.signal })
    expect(world.samples).toHaveLength(1)
    expect(report).toMatchObject({ expected: 2, produced: 1, missing: { stopped: 1 } })
  })
})

describe('a fault of a discovery', () => {
  it('costs the sources of that discovery only, and is in the report', async () => {
    const error = new Error('bad answer')
    world.discoveries.set(
      'others',
      world.discoveryOf('others', () => Promise.reject(error)),
    )
    const report = await cycle({ sources: [aSource({ name: 'x', discovery: ['others'] }), aSource()] })
    expect(report).toMatchObject({ produced: 2, error })
  })

  it('names the discovery that does not exist and those that do', async () => {
    const { error } = await cycle({ sources: [aSource({ discovery: ['nova'] })] })
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
    await cycle({ pollsters })
    const local = world.discoveries.get('local_instances')!
    world.discoveries.set(
      'local_instances',
      world.discoveryOf('local_instances', () => Promise.reject(new Error('once'))),
    )
    await cycle({ pollsters })
    world.discoveries.set('local_instances', local)
    await cycle({ pollsters })
    expect(volumes('one')).toEqual([0, 0, 1, 1])
  })
})

describe('what is remembered of a resource', () => {
  const remembering: Pollster['poll'] = (_instance, { memory, now, look }) => {
    if (!look.ok) return [look]
    const known = memory.recall('key')?.volume ?? 0
    memory.remember('key', { volume: Number(known) + 1, takenAt: now, epoch: '' })
    return [{ volume: Number(known) }]
  }
  const pollsters = [aPollster({ poll: remembering })]
  beforeEach(() => {
    world.resources = [anInstance()]
  })

  it('lasts through cycles in which the domain is stuck', async () => {
    await cycle({ pollsters })
    world.looks.set(uuidOf(1), { ok: false, reason: 'stuck', detail: 'late' })
    await cycle({ pollsters })
    world.looks.clear()
    await cycle({ pollsters })
    expect(volumes('one')).toEqual([0, 1])
  })

  it('lasts while the resource exists and is skipped', async () => {
    await cycle({ pollsters })
    const [instance] = world.resources
    world.resources = []
    world.skipped = [{ id: instance!.id, name: 'vm-1', reason: 'unreadable', detail: 'bad XML' }]
    await cycle({ pollsters })
    world.resources = [instance!]
    await cycle({ pollsters })
    expect(volumes('one')).toEqual([0, 1])
  })

  it('goes with the resource', async () => {
    await cycle({ pollsters })
    const gone = world.resources
    world.resources = []
    await cycle({ pollsters })
    expect(world.memory.size).toBe(0)
    world.resources = gone
    await cycle({ pollsters })
    expect(volumes('one')).toEqual([0, 0])
  })

  it('is as it was before a poll that failed, so that no difference is lost', async () => {
    let fails = false
    const poll: Pollster['poll'] = (instance, context) => {
      const outcome = remembering(instance, context)
      if (fails) throw new Error('after remembering')
      return outcome
    }
    const failing = [aPollster({ poll })]
    await cycle({ pollsters: failing })
    fails = true
    await cycle({ pollsters: failing })
    fails = false
    await cycle({ pollsters: failing })
    expect(volumes('one')).toEqual([0, 1])
  })

  it('is forgotten by key when a complete poll does not remember it again', async () => {
    let key = 'old'
    const poll: Pollster['poll'] = (_instance, { memory, now }) => {
      memory.remember(key, { volume: 1, takenAt: now, epoch: '' })
      return [{ volume: 1 }]
    }
    await cycle({ pollsters: [aPollster({ poll })] })
    key = 'new'
    await cycle({ pollsters: [aPollster({ poll })] })
    expect(world.memory.size).toBe(1)
  })
})
