import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createMemoryOutbox } from '../../src/publish/memory-outbox.js'
import { systemClock } from '../../src/schedule/clock.js'
import {
  brokerAddress,
  brokerUrl,
  observedPublisher,
  openBrokerSide,
  rabbitmqctl,
  roomy,
  soon,
  testNotification,
  type BrokerSide,
} from '../support/broker.js'
import { openLab } from '../support/lab.js'
import { waitFor } from '../support/wait-for.js'

openLab()

let side: BrokerSide

beforeEach(async () => {
  side = await openBrokerSide()
})

afterEach(async () => {
  await side.close()
})

describe('a login that the broker refuses', () => {
  it.each([
    ['password', `rabbit://guest:wrong@${brokerAddress}/`, /check user, password/],
    [
      'virtual host',
      `rabbit://guest:guest@${brokerAddress}/nowhere`,
      /asked for the virtual host; check that it exists/,
    ],
    ['mechanism', `rabbit://guest:wrong@${brokerAddress}/?rabbit_login_method=PLAIN`, /check user, password/],
  ])(
    'for its %s is reported once, without the password, and tried ever more rarely',
    async (_what, url, text) => {
      const { publisher, outages } = observedPublisher(side, url)
      const started = performance.now()
      for (let tries = 0; tries < 2; tries += 1)
        await expect(publisher.publish(testNotification(), soon())).rejects.toMatchObject({
          code: 'BROKER_REFUSED',
        })
      expect(performance.now() - started).toBeGreaterThan(700)
      expect(outages.map(({ message }) => message)).toEqual([expect.stringMatching(text)])
      expect(outages[0]!.message).not.toContain('wrong')
      await publisher.close(soon())
    },
  )
})

describe('a notification that the broker closes the channel over', () => {
  it('is found out and refused; the others of its time are delivered', async () => {
    await rabbitmqctl('eval', 'application:set_env(rabbit, max_message_size, 5000).')
    try {
      const { publisher } = observedPublisher(side)
      const good = Array.from({ length: 6 }, (_, number) => testNotification(number))
      const bad = { ...testNotification(), samplesJson: `["${'x'.repeat(9000)}"]` }
      const rejected: string[] = []
      const outbox = createMemoryOutbox([publisher], roomy, {
        clock: systemClock,
        random: Math.random,
        onRejected: ({ error }) => rejected.push(error.code),
      })
      for (const notification of [...good.slice(0, 3), bad, ...good.slice(3)]) outbox.put(notification)
      await outbox.close(soon(60))
      await publisher.close(soon())
      expect(rejected).toEqual(['NOTIFICATION_REJECTED'])
      expect(outbox.figures.destinations[0]!.confirmed.notifications).toBe(good.length)
    } finally {
      await rabbitmqctl('eval', 'application:set_env(rabbit, max_message_size, 134217728).')
    }
  })
})

describe('a broker with a memory alarm', () => {
  it('is noticed; what is published waits, and goes out when the alarm is over', async () => {
    const { publisher, outages, recoveries } = observedPublisher(side, brokerUrl, { confirmSeconds: 1 })
    await publisher.publish(testNotification(), soon())
    const limit = (
      await rabbitmqctl('eval', 'vm_memory_monitor:get_vm_memory_high_watermark().')
    ).stdout.trim()
    await rabbitmqctl('set_vm_memory_high_watermark', '0.0001')
    try {
      const waiting = Promise.all(
        [1, 2, 3].map((number) => publisher.publish(testNotification(number), soon(60))),
      )
      await waitFor('the alarm is noticed', () => outages.length > 0)
      expect(outages.map(({ code }) => code)).toEqual(['BROKER_BLOCKED'])
      await expect(publisher.publish(testNotification(), AbortSignal.timeout(1500))).rejects.toThrow(
        'timeout',
      )
      await rabbitmqctl('set_vm_memory_high_watermark', limit)
      await waiting
    } finally {
      await rabbitmqctl('set_vm_memory_high_watermark', limit)
    }
    await publisher.close(soon())
    expect([outages.length, recoveries.length]).toEqual([1, 1])
    // The one that was given up while it waited was never sent.
    expect(await side.take(4)).toHaveLength(4)
    expect(await side.onChannel((channel) => channel.checkQueue(side.queue))).toMatchObject({
      messageCount: 0,
    })
  })
})

describe('a queue that refuses messages', () => {
  it('is blamed from the second refusal on; the first is the notification’s', async () => {
    await rabbitmqctl(
      'set_policy',
      side.topic,
      `^${side.topic}`,
      '{"max-length":1,"overflow":"reject-publish"}',
    )
    const { publisher, outages, recoveries } = observedPublisher(side)
    await publisher.publish(testNotification(1), soon())
    const refusal = (code: string) =>
      expect(publisher.publish(testNotification(2), soon())).rejects.toMatchObject({ code })
    await refusal('NOTIFICATION_REJECTED')
    await refusal('BROKER_REFUSED')
    await rabbitmqctl('clear_policy', side.topic)
    await publisher.publish(testNotification(3), soon())
    await publisher.close(soon())
    expect([outages.length, recoveries.length]).toEqual([1, 1])
  })
})

describe('a notification that one topic refused', () => {
  it('is sent to that topic alone when it is tried again', async () => {
    const other = `${side.topic}-other`
    const { publisher } = observedPublisher(side, brokerUrl, { topics: [side.topic, other] })
    await rabbitmqctl('set_policy', other, `^${other}`, '{"max-length":1,"overflow":"reject-publish"}')
    await publisher.publish(testNotification(1), soon())
    const notification = testNotification(2)
    await expect(publisher.publish(notification, soon())).rejects.toMatchObject({
      code: 'NOTIFICATION_REJECTED',
    })
    await rabbitmqctl('clear_policy', other)
    // As when it is read from disk again: the same in everything, another object.
    await publisher.publish({ ...notification }, soon())
    await publisher.close(soon())
    const counts = await side.onChannel(async (channel) => [
      (await channel.checkQueue(side.queue)).messageCount,
      (await channel.deleteQueue(`${other}.sample`)).messageCount,
    ])
    expect(counts).toEqual([2, 2])
  })
})
