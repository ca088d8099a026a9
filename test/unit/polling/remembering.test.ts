import { beforeEach, describe, expect, it } from 'vitest'
import type { DomainLook, Inspected } from '../../../src/inspector/inspector.js'
import type { Pollster } from '../../../src/pollster/index.js'
import { aLook, anInstance, ok, uuidOf } from '../../support/instances.js'
import { aPollster, FakeWorld } from '../../support/polling.js'

let world: FakeWorld
beforeEach(() => {
  world = new FakeWorld()
  world.resources = [anInstance({ number: 1 }), anInstance({ number: 2 })]
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
    await world.cycle({ pollsters })
    world.looks.set(uuidOf(1), { ok: false, reason: 'stuck', detail: 'late' })
    await world.cycle({ pollsters })
    world.looks.clear()
    await world.cycle({ pollsters })
    expect(world.volumes('one')).toEqual([0, 1])
  })

  it.each<[string, Inspected<DomainLook>]>([
    ['has no figures', { ok: false, reason: 'shut-off', detail: 'off' }],
    ['has some', ok(aLook({ shutOff: true }))],
  ])(
    'goes when the domain is seen shut off and %s, for it counts from zero when it runs again',
    async (_what, look) => {
      const poll: Pollster['poll'] = (instance, context) => {
        const { look: seen } = context
        return seen.ok && !seen.value.shutOff
          ? remembering(instance, context)
          : [{ ok: false, reason: 'shut-off', detail: 'off' }]
      }
      const ofRunning = [aPollster({ poll })]
      await world.cycle({ pollsters: ofRunning })
      world.looks.set(uuidOf(1), look)
      await world.cycle({ pollsters: ofRunning })
      world.looks.clear()
      await world.cycle({ pollsters: ofRunning })
      expect(world.volumes('one')).toEqual([0, 0])
    },
  )

  it('lasts while the resource exists and is skipped', async () => {
    await world.cycle({ pollsters })
    const [instance] = world.resources
    world.resources = []
    world.skipped = [{ id: instance!.id, name: 'vm-1', reason: 'unreadable', detail: 'bad XML' }]
    await world.cycle({ pollsters })
    world.resources = [instance!]
    await world.cycle({ pollsters })
    expect(world.volumes('one')).toEqual([0, 1])
  })

  it('goes with the resource', async () => {
    await world.cycle({ pollsters })
    const gone = world.resources
    world.resources = []
    await world.cycle({ pollsters })
    expect(world.memory.size).toBe(0)
    world.resources = gone
    await world.cycle({ pollsters })
    expect(world.volumes('one')).toEqual([0, 0])
  })

  it('is as it was before a poll that failed, so that no difference is lost', async () => {
    let fails = false
    const poll: Pollster['poll'] = (instance, context) => {
      const outcome = remembering(instance, context)
      if (fails) throw new Error('after remembering')
      return outcome
    }
    const failing = [aPollster({ poll })]
    await world.cycle({ pollsters: failing })
    fails = true
    await world.cycle({ pollsters: failing })
    fails = false
    await world.cycle({ pollsters: failing })
    expect(world.volumes('one')).toEqual([0, 1])
  })

  it('is forgotten by key when a complete poll does not remember it again', async () => {
    let key = 'old'
    const poll: Pollster['poll'] = (_instance, { memory, now }) => {
      memory.remember(key, { volume: 1, takenAt: now, epoch: '' })
      return [{ volume: 1 }]
    }
    await world.cycle({ pollsters: [aPollster({ poll })] })
    key = 'new'
    await world.cycle({ pollsters: [aPollster({ poll })] })
    expect(world.memory.size).toBe(1)
  })
})
