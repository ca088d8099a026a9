import { afterEach, beforeEach, expect, test } from 'vitest'
import { createMemoryOutbox } from '../../src/publish/memory-outbox.js'
import { systemClock } from '../../src/schedule/clock.js'
import {
  brokerTarget,
  brokerUrl,
  observedPublisher,
  openBrokerSide,
  roomy,
  soon,
  testNotification,
  type BrokerSide,
} from '../support/broker.js'
import { openLab } from '../support/lab.js'
import { startOsloListener } from '../support/oslo-listener.js'
import { startTcpCut } from '../support/tcp-cut.js'
import { waitFor } from '../support/wait-for.js'

openLab()

let side: BrokerSide

beforeEach(async () => {
  side = await openBrokerSide()
})

afterEach(async () => {
  await side.close()
})

const durable = 'amqp_durable_queues=true'
const quorum = 'rabbit_quorum_queue=true'

interface Mismatch {
  /** Options of the transport URL. */
  readonly theirs: string
  readonly ours: string
  /** How the error names both sides. */
  readonly sides: RegExp
}

const mismatches: Readonly<Record<string, Mismatch>> = {
  'has durable queues and the agent has not': {
    theirs: durable,
    ours: '',
    sides: /durable=false.*inequivalent arg 'durable'.*current is 'true'/,
  },
  'has transient queues and the agent durable ones': {
    theirs: '',
    ours: durable,
    sides: /durable=true.*inequivalent arg 'durable'.*current is 'false'/,
  },
  'has quorum queues and the agent durable ones': {
    theirs: quorum,
    ours: durable,
    sides: /arguments {}.*inequivalent arg 'x-queue-type'.*none but current is.*'quorum'/,
  },
}

test.each(Object.entries(mismatches))(
  'while a consumer %s, one error names both sides, and nothing is lost',
  async (_case, { theirs, ours, sides }) => {
    const { exchange, topic } = side
    const consumer = await startOsloListener({ url: `${brokerUrl}?${theirs}`, exchange, topics: [topic] })
    await consumer.stop()
    const proxy = await startTcpCut(brokerTarget)
    const url = `rabbit://guest:guest@127.0.0.1:${proxy.port}/?${ours}`
    const { publisher, outages, recoveries } = observedPublisher(side, url)
    const outbox = createMemoryOutbox([publisher], roomy, {
      clock: systemClock,
      random: () => 0,
      onRejected: ({ error }) => expect.unreachable(error.message),
    })
    const sent = Array.from({ length: 5 }, (_, number) => testNotification(number))
    for (const notification of sent) outbox.put(notification)
    await waitFor('it was tried again and again', () => proxy.connections >= 3)
    expect(outages.map(({ code, message }) => [code, message])).toEqual([
      ['BROKER_REFUSED', expect.stringMatching(sides)],
    ])
    expect(outages[0]!.message).toContain('set publisher.durable and publisher.quorum')

    await side.deleteQueue()
    await side.onChannel((channel) => channel.deleteExchange(exchange))
    await outbox.close(soon(60))
    expect([outages.length, recoveries.length]).toEqual([1, 1])
    const after = await startOsloListener({ url: `${brokerUrl}?${ours}`, exchange, topics: [topic] })
    const received = (await after.take(5)).map(({ metadata }) => metadata.message_id)
    expect(received.sort()).toEqual(sent.map(({ messageId }) => messageId).sort())
    await after.stop()
    await publisher.close(soon())
    await proxy.close()
  },
)
