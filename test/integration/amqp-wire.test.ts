import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  observedPublisher,
  openBrokerSide,
  soon,
  testNotification,
  brokerUrl,
  type BrokerSide,
} from '../support/broker.js'
import { startOsloListener } from '../support/oslo-listener.js'

let side: BrokerSide

beforeEach(async () => {
  side = await openBrokerSide()
})

afterEach(async () => {
  await side.close()
})

describe('a notification in the queue', () => {
  it('has the properties of oslo.messaging and no other', async () => {
    const { publisher } = observedPublisher(side)
    await publisher.publish(testNotification(), soon())
    await publisher.close(soon())
    const [message] = await side.take(1)
    const given = Object.entries(message!.properties).filter(([, value]) => value !== undefined)
    expect(Object.fromEntries(given)).toEqual({
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      deliveryMode: 2,
      priority: 0,
      headers: {},
    })
    expect(message!.fields).toMatchObject({ exchange: side.exchange, routingKey: side.queue })
  })

  it('goes to each topic once, under its own _unique_id', async () => {
    const other = { ...side, topic: `${side.topic}-two`, queue: `${side.topic}-two.sample` }
    const { publisher } = observedPublisher(side, brokerUrl, {
      topics: [side.topic, other.topic],
      version: 1,
    })
    const notification = testNotification()
    await publisher.publish(notification, soon())
    await publisher.close(soon())
    const bodies = await side.onChannel(async (channel) => {
      const messages = [await channel.get(side.queue), await channel.get(other.queue)]
      await channel.deleteQueue(other.queue)
      return messages.map((message) => JSON.parse(message ? message.content.toString() : 'null') as Body)
    })
    expect(bodies.map((body) => body.message_id)).toEqual([notification.messageId, notification.messageId])
    expect(new Set(bodies.map((body) => body._unique_id)).size).toBe(2)
  })

  it('is given a fresh _unique_id when it is published again, as after an outage', async () => {
    const { publisher } = observedPublisher(side, brokerUrl, { version: 1 })
    const notification = testNotification()
    await publisher.publish(notification, soon())
    await publisher.publish({ ...notification }, soon())
    await publisher.close(soon())
    const bodies = (await side.take(2)).map((message) => JSON.parse(message.content.toString()) as Body)
    expect(bodies[0]!.message_id).toBe(bodies[1]!.message_id)
    expect(bodies[0]!._unique_id).not.toBe(bodies[1]!._unique_id)
  })
})

interface Body {
  readonly message_id: string
  readonly _unique_id: string
}

describe('the listener of oslo.messaging', () => {
  it.each([
    ['messaging', 1, ''],
    ['messagingv2', 2, ''],
    ['messagingv2, compressed', 2, '?kombu_compression=gzip'],
  ] as const)('takes what %s publishes', async (_driver, version, query) => {
    const listener = await startOsloListener({
      url: brokerUrl,
      exchange: side.exchange,
      topics: [side.topic],
    })
    const { publisher } = observedPublisher(side, brokerUrl + query, { version })
    const notification = testNotification(42)
    await publisher.publish(notification, soon())
    await publisher.close(soon())
    const [received] = await listener.take(1)
    await listener.stop()
    expect(received).toMatchObject({
      priority: 'sample',
      publisher_id: 'ceilometer.polling',
      event_type: 'telemetry.polling',
      metadata: { message_id: notification.messageId, timestamp: '2026-01-02 03:04:05' },
      payload: { samples: [{ counter_name: 'cpu', counter_volume: 42 }] },
    })
  })
})
