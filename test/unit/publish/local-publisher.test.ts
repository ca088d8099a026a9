import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createLocalPublisher } from '../../../src/publish/local-publisher.js'
import { createMemoryPublisher } from '../../support/memory-publisher.js'
import { aNotification } from '../../support/notifications.js'

const patient = new AbortController().signal

describe('a publisher on a local destination', () => {
  it('is given up by a caller whose signal is aborted while the write hangs', async () => {
    const publisher = createMemoryPublisher()
    const release = publisher.hold()
    const controller = new AbortController()
    const reason = new Error('deadline')
    const published = publisher.publish(aNotification(), controller.signal)
    await turn()
    controller.abort(reason)
    await expect(published).rejects.toBe(reason)
    release()
  })

  it('does not write for a caller who gave up while waiting for his turn', async () => {
    const publisher = createMemoryPublisher()
    const release = publisher.hold()
    const controller = new AbortController()
    const [first, third] = [aNotification(), aNotification()]
    const published = publisher.publish(first, patient)
    const given = publisher.publish(aNotification(), controller.signal)
    const after = publisher.publish(third, patient)
    controller.abort(new Error('no longer wanted'))
    await expect(given).rejects.toThrow('no longer wanted')
    release()
    await Promise.all([published, after])
    expect(publisher.received).toEqual([first, third])
  })

  it('writes one after the other, a failure included', async () => {
    const seen: string[] = []
    let writing = 0
    const publisher = createLocalPublisher({
      name: 'test',
      async write({ messageId }) {
        expect(writing++).toBe(0)
        await turn()
        writing--
        seen.push(messageId)
        if (seen.length === 1) throw new Error('full')
      },
      probe: () => Promise.resolve(),
    })
    const notifications = [aNotification(), aNotification(), aNotification()]
    const settled = await Promise.allSettled(notifications.map((each) => publisher.publish(each, patient)))
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled'])
    expect(seen).toEqual(notifications.map(({ messageId }) => messageId))
  })

  it('waits at close for what is under way, but not beyond the signal', async () => {
    const publisher = createMemoryPublisher()
    const release = publisher.hold()
    const published = publisher.publish(aNotification(), patient)
    await expect(publisher.close(AbortSignal.abort())).resolves.toBeUndefined()
    expect(publisher.received).toHaveLength(0)
    const closed = publisher.close(patient)
    release()
    await closed
    expect(publisher.received).toHaveLength(1)
    await published
  })
})
