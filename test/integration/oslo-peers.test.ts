import type { GetMessage } from 'amqplib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  brokerUrl,
  observedPublisher,
  openBrokerSide,
  soon,
  testNotification,
  type BrokerSide,
} from '../support/broker.js'
import { openLab } from '../support/lab.js'
import { aNotification } from '../support/notifications.js'
import { startOsloListener } from '../support/oslo-listener.js'
import { publishWithOslo } from '../support/oslo-publisher.js'
import { aSample } from '../support/samples.js'

openLab()

let side: BrokerSide

beforeEach(async () => {
  side = await openBrokerSide()
})

afterEach(async () => {
  await side.close()
})

async function publishOurs(
  url: string,
  version: 1 | 2 = 2,
  notification = testNotification(),
): Promise<void> {
  const { publisher } = observedPublisher(side, url, { version, publisherId: 'ceilometer.polling@węzeł' })
  await publisher.publish(notification, soon())
  await publisher.close(soon())
}

const publishTheirs = (url: string, driver: 'messaging' | 'messagingv2' = 'messagingv2'): Promise<void> =>
  publishWithOslo({
    ...{ url, driver, exchange: side.exchange, topic: side.topic },
    ...{ eventType: 'telemetry.polling', payload: { samples: [] } },
  })

describe('a listener of oslo.messaging for every priority', () => {
  it.each([
    ['messaging', 1],
    ['messagingv2', 2],
  ] as const)(
    'is handed what %s publishes once, as a sample, every script of it intact',
    async (_driver, version) => {
      const priorities = ['audit', 'debug', 'info', 'warn', 'error', 'critical', 'sample']
      const { exchange, topic } = side
      const listener = await startOsloListener({ url: brokerUrl, exchange, topics: [topic], priorities })
      const metadata = { display_name: 'Zażółć 漢字 😀', 'klucz ż': ['\u007f', { '😀': null }] }
      await publishOurs(brokerUrl, version, aNotification([aSample({ metadata, resourceId: 'zasób' })]))
      const [received] = await listener.take(1)
      await publishWithOslo({
        url: brokerUrl,
        exchange,
        topic,
        priority: 'info',
        eventType: 'end',
        payload: {},
      })
      const [next] = await listener.take(1)
      await listener.stop()
      await deleteQueues(priorities)
      expect(received).toMatchObject({
        priority: 'sample',
        publisher_id: 'ceilometer.polling@węzeł',
        payload: { samples: [{ resource_id: 'zasób', resource_metadata: metadata }] },
      })
      expect(next).toMatchObject({ priority: 'info', event_type: 'end' })
    },
  )
})

const declarations = [
  ['by default', ''],
  ['durable', '?amqp_durable_queues=true'],
  ['a quorum queue', '?rabbit_quorum_queue=true'],
] as const

describe.each(declarations)('exchange and queue declared %s', (_kind, query) => {
  const url = brokerUrl + query
  const orders = {
    'before the publisher of oslo.messaging': [publishOurs, publishTheirs],
    'after it': [publishTheirs, publishOurs],
  } as const

  it.each(Object.entries(orders))('serve us %s', async (_order, publishers) => {
    for (const publish of publishers) await publish(url)
    const messages = await side.take(2)
    expect(new Set(messages.map((message) => notificationOf(message)['publisher_id']))).toEqual(
      new Set(['ceilometer.polling@węzeł', 'oslo-publisher']),
    )
  })
})

describe('what lies in the queue', () => {
  it.each([
    ['messaging', 1],
    ['messagingv2', 2],
  ] as const)('has the form that the publisher of oslo.messaging gives it as %s', async (driver, version) => {
    await publishTheirs(brokerUrl, driver)
    await publishOurs(brokerUrl, version)
    const [theirs, ours] = (await side.take(2)).map(formOf)
    expect(ours).toEqual(theirs)
  })
})

/** All but the values: where it came from, its properties, and the members of the body and their types, in order. */
function formOf(message: GetMessage) {
  const { exchange, routingKey } = message.fields
  const body = JSON.parse(message.content.toString()) as Record<string, unknown>
  const notification = notificationOf(message)
  const { priority, event_type: eventType } = notification
  return {
    ...{ exchange, routingKey, properties: message.properties, priority, eventType },
    body: typesOf(body),
    version: body['oslo.version'],
    notification: typesOf(notification),
    uniqueId: /^[0-9a-f]{32}$/.test(notification['_unique_id'] as string),
  }
}

function typesOf(members: object): string[][] {
  return Object.entries(members).map(([name, value]) => [name, typeof value])
}

function notificationOf({ content }: GetMessage): Record<string, unknown> {
  const body = JSON.parse(content.toString()) as Record<string, unknown>
  const inner = body['oslo.message']
  return inner === undefined ? body : (JSON.parse(inner as string) as Record<string, unknown>)
}

async function deleteQueues(priorities: readonly string[]): Promise<void> {
  await side.onChannel(async (channel) => {
    for (const priority of priorities) await channel.deleteQueue(`${side.topic}.${priority}`)
  })
}
