import { setTimeout as after } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  brokerTarget,
  observedPublisher,
  openBrokerSide,
  soon,
  testNotification,
  type BrokerSide,
} from '../support/broker.js'
import { openLab } from '../support/lab.js'
import { startTcpCut } from '../support/tcp-cut.js'

openLab()

let side: BrokerSide

beforeEach(async () => {
  side = await openBrokerSide()
})

afterEach(async () => {
  await side.close()
})

test('a connection that is idle for several heartbeats stays up', async () => {
  const proxy = await startTcpCut(brokerTarget)
  const url = `rabbit://guest:guest@127.0.0.1:${proxy.port}/?heartbeat_timeout_threshold=1`
  const { publisher, outages } = observedPublisher(side, url)
  await publisher.publish(testNotification(1), soon())
  // Either side hangs up on a peer that was silent for two heartbeats.
  await after(4500)
  await publisher.publish(testNotification(2), soon())
  expect([proxy.connections, outages]).toEqual([1, []])
  expect(await side.take(2)).toHaveLength(2)
  await publisher.close(soon())
  await proxy.close()
})
