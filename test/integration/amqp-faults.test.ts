import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createMemoryOutbox } from '../../src/publish/memory-outbox.js'
import { systemClock } from '../../src/schedule/clock.js'
import {
  brokerAddress,
  brokerTarget,
  brokerUrl,
  failureOf,
  observedPublisher,
  openBrokerSide,
  soon,
  testNotification,
  type BrokerSide,
} from '../support/broker.js'
import { openLab } from '../support/lab.js'
import { startTcpCut, type TcpCut } from '../support/tcp-cut.js'
import { waitFor } from '../support/wait-for.js'

openLab()

const urlOf = ({ port }: TcpCut): string => `rabbit://guest:guest@127.0.0.1:${port}/`
const roomy = { maxBytes: 1e9, maxAgeSeconds: 3600, order: 'oldest-first' } as const
const rabbitmqctl = (...args: string[]) => promisify(execFile)('rabbitmqctl', ['--quiet', ...args])

let side: BrokerSide

beforeEach(async () => {
  side = await openBrokerSide()
})

afterEach(async () => {
  await side.close()
})

describe('hosts of the transport URL', () => {
  it('are tried at once one after the other when some are dead', async () => {
    const dead = 'guest:guest@127.0.0.1:1'
    const { publisher, outages } = observedPublisher(
      side,
      `rabbit://${dead},guest:guest@${brokerAddress},${dead}/`,
    )
    await publisher.publish(testNotification(), soon(2))
    await publisher.close(soon())
    expect(outages).toEqual([])
  })

  it('are all named when none takes us', async () => {
    const { publisher } = observedPublisher(
      side,
      `rabbit://guest:no@${brokerAddress},guest:guest@127.0.0.1:1/`,
    )
    const error = await failureOf(publisher.ready(soon()))
    expect(error).toMatchObject({ code: 'BROKER_REFUSED' })
    expect(error.message).toContain(brokerAddress)
    expect(error.message).toContain('127.0.0.1:1 ')
    await publisher.close(soon())
  })
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

describe('a connection cut in the middle of 400 notifications', () => {
  it('costs none of them: each is confirmed and in the queue', async () => {
    const proxy = await startTcpCut(brokerTarget)
    const { publisher, outages, recoveries } = observedPublisher(side, urlOf(proxy))
    const outbox = createMemoryOutbox([publisher], roomy, {
      clock: systemClock,
      random: Math.random,
      onRejected: ({ error }) => expect.unreachable(error.message),
    })
    const sent = Array.from({ length: 400 }, (_, number) => testNotification(number))
    for (const notification of sent) outbox.put(notification)
    await waitFor('50 are confirmed', () => outbox.figures.confirmedSamples >= 50)
    await proxy.cut()
    await waitFor('the cut is noticed', () => outages.length > 0)
    await proxy.mend()
    await outbox.close(soon(60))
    await publisher.close(soon())
    await proxy.close()
    const [account] = outbox.figures.destinations
    expect(account!.confirmed).toEqual({ notifications: 400, samples: 400 })
    const { messageCount } = await side.onChannel((channel) => channel.checkQueue(side.queue))
    const received = (await side.take(messageCount)).map((message) => messageIdOf(message.content))
    expect(new Set(received)).toEqual(new Set(sent.map(({ messageId }) => messageId)))
    expect(outages.map(({ code }) => code)).toEqual(['BROKER_UNREACHABLE'])
    expect(recoveries).toHaveLength(1)
  })
})

function messageIdOf(content: Buffer): string {
  const { 'oslo.message': inner } = JSON.parse(content.toString()) as { 'oslo.message': string }
  return (JSON.parse(inner) as { message_id: string }).message_id
}

describe('a broker that accepts and says nothing', () => {
  it('is given up at the deadline, and its socket is closed', async () => {
    const sockets = new Set<Socket>()
    const server = createServer((socket) => sockets.add(socket.on('error', () => undefined)))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const { publisher } = observedPublisher(side, `rabbit://127.0.0.1:${port}/`, { connectSeconds: 0.3 })
    await expect(publisher.ready(soon())).rejects.toMatchObject({
      code: 'BROKER_UNREACHABLE',
      message: expect.stringContaining('did not open a connection in 0.3 s') as string,
    })
    for (const socket of sockets) if (!socket.destroyed) await once(socket.resume(), 'close')
    await publisher.close(soon())
    server.close()
  })
})

describe('a broker that falls silent', () => {
  it('is given up when it does not confirm in time, and the notification goes over a new connection', async () => {
    const proxy = await startTcpCut(brokerTarget)
    const { publisher, outages, recoveries } = observedPublisher(side, urlOf(proxy), { confirmSeconds: 0.5 })
    await publisher.ready(soon())
    proxy.freeze()
    const notification = testNotification()
    await expect(publisher.publish(notification, soon())).rejects.toMatchObject({ code: 'NOT_CONFIRMED' })
    await publisher.publish(notification, soon())
    expect(proxy.connections).toBe(2)
    expect([outages.length, recoveries.length]).toEqual([1, 1])
    expect(await side.take(1)).toHaveLength(1)
    await publisher.close(soon())
    await proxy.close()
  })

  it('is noticed by its missing heartbeats while nothing is published', async () => {
    const proxy = await startTcpCut(brokerTarget)
    const url = `${urlOf(proxy)}?heartbeat_timeout_threshold=1`
    const { publisher, outages } = observedPublisher(side, url, { confirmSeconds: 60 })
    await publisher.ready(soon())
    proxy.freeze()
    await waitFor('the silent connection is closed', () => proxy.open === 0)
    await publisher.publish(testNotification(), soon(5))
    expect(outages).toEqual([])
    await publisher.close(soon())
    await proxy.close()
  })
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
    expect(await side.take(4)).toHaveLength(4)
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
