import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  brokerUrl,
  observedPublisher,
  openBrokerSide,
  soon,
  testNotification,
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

describe('exchange and queue', () => {
  it.each([
    { case: 'by default', queue: { durable: false } },
    { case: 'durable by the configuration', options: { durable: true }, queue: { durable: true } },
    { case: 'durable by the URL', query: '?amqp_durable_queues=true', queue: { durable: true } },
    {
      case: 'as the URL says when both do',
      query: '?amqp_durable_queues=false',
      options: { durable: true },
      queue: { durable: false },
    },
    {
      case: 'a quorum queue',
      options: { quorum: true },
      queue: { durable: true, arguments: { 'x-queue-type': 'quorum' } },
    },
    {
      case: 'a quorum queue with a limit',
      query: '?rabbit_quorum_queue=true&rabbit_quorum_delivery_limit=5',
      queue: { durable: true, arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': 5 } },
    },
  ])('are declared $case', async ({ query = '', options = {}, queue }) => {
    const { publisher } = observedPublisher(side, brokerUrl + query, options)
    await publisher.ready(soon())
    await publisher.close(soon())
    // The broker refuses a declaration that differs from what is there.
    await side.onChannel((channel) =>
      channel.assertExchange(side.exchange, 'topic', { durable: queue.durable }),
    )
    await side.declareQueue(queue)
    await expect(side.declareQueue({ durable: !queue.durable })).rejects.toThrow('PRECONDITION_FAILED')
  })

  it.each(['', '?amqp_durable_queues=true', '?rabbit_quorum_queue=true', '?rabbit_ha_queues=true'])(
    'are what the listener of oslo.messaging declares under the same URL: %s',
    async (query) => {
      const url = brokerUrl + query
      const { publisher } = observedPublisher(side, url)
      const notification = testNotification()
      await publisher.publish(notification, soon())
      const listener = await startOsloListener({ url, exchange: side.exchange, topics: [side.topic] })
      await publisher.publish(testNotification(), soon())
      expect(await listener.take(2)).toHaveLength(2)
      await listener.stop()
      await publisher.close(soon())
    },
  )
})

describe('when the queue is deleted under the publisher', () => {
  it.each([
    ['bodies', ''],
    ['compressed bodies', '?kombu_compression=gzip'],
  ])('declares it again and delivers what came back, of %s', async (_bodies, query) => {
    const { publisher, outages } = observedPublisher(side, brokerUrl + query)
    await publisher.publish(testNotification(1), soon())
    await side.deleteQueue()
    await Promise.all([2, 3, 4].map((number) => publisher.publish(testNotification(number), soon())))
    await publisher.close(soon())
    expect(await side.take(3)).toHaveLength(3)
    expect(outages).toEqual([])
  })
})

describe('when the exchange is deleted under the publisher', () => {
  it('fails what was under way and delivers it at the next try', async () => {
    const { publisher, outages, recoveries } = observedPublisher(side)
    await publisher.ready(soon())
    await side.onChannel((channel) => channel.deleteExchange(side.exchange))
    const notification = testNotification()
    await expect(publisher.publish(notification, soon())).rejects.toMatchObject({ code: 'BROKER_REFUSED' })
    await publisher.publish(notification, soon())
    await publisher.close(soon())
    expect(await side.take(1)).toHaveLength(1)
    expect([outages.length, recoveries.length]).toEqual([1, 1])
  })
})

describe('when the broker has it declared otherwise', () => {
  const mismatches = [
    { what: 'queue', declare: () => side.declareQueue({ durable: true }), mend: () => side.deleteQueue() },
    {
      what: 'exchange',
      declare: () =>
        side.onChannel(async (channel) => {
          await channel.assertExchange(side.exchange, 'topic', { durable: true })
        }),
      mend: () =>
        side.onChannel(async (channel) => {
          await channel.deleteExchange(side.exchange)
        }),
    },
  ]
  it.each(mismatches)(
    'the $what: says so once, naming both sides, and recovers',
    async ({ what, declare, mend }) => {
      await declare()
      const { publisher, outages, recoveries } = observedPublisher(side)
      for (let tries = 0; tries < 2; tries += 1)
        await expect(publisher.publish(testNotification(), soon())).rejects.toMatchObject({
          code: 'BROKER_REFUSED',
        })
      expect(outages.map((error) => error.message)).toEqual([
        expect.stringMatching(
          new RegExp(
            `virtpoll declares .*durable=false.*inequivalent arg 'durable' for ${what} .*current is 'true'.*publisher.durable`,
          ),
        ),
      ])
      await mend()
      await publisher.publish(testNotification(), soon())
      expect(await side.take(1)).toHaveLength(1)
      expect(recoveries).toEqual([expect.any(Number)])
      await publisher.close(soon())
    },
  )
})
