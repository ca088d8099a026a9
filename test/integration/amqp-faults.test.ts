import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DestinationError } from '../../src/errors.js'
import { createMemoryOutbox } from '../../src/publish/memory-outbox.js'
import { systemClock } from '../../src/schedule/clock.js'
import {
  brokerAddress,
  brokerTarget,
  failureOf,
  observedPublisher,
  openBrokerSide,
  rabbitmqctl,
  roomy,
  soon,
  testNotification,
  type BrokerSide,
} from '../support/broker.js'
import { openLab } from '../support/lab.js'
import { startTcpCut, type TcpCut } from '../support/tcp-cut.js'
import { waitFor } from '../support/wait-for.js'

openLab()

const urlOf = ({ port }: TcpCut): string => `rabbit://guest:guest@127.0.0.1:${port}/`
const openSockets = () => process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length

let side: BrokerSide

beforeEach(async () => {
  side = await openBrokerSide()
})

afterEach(async () => {
  await side.close()
})

describe('hosts of the transport URL', () => {
  /** Hosts are tried in the order of the numbers drawn for them: equal numbers keep the order of the URL. */
  const asNamed = () => 0
  it('are tried at once one after the other when some are dead', async () => {
    const dead = 'guest:guest@127.0.0.1:1'
    const { publisher, outages } = observedPublisher(
      side,
      `rabbit://${dead},guest:guest@${brokerAddress},${dead}/`,
      {},
      asNamed,
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

describe('a connection that the broker closes', () => {
  it('is no fault of the notifications under way', async () => {
    const user = `user-${side.topic}`
    await rabbitmqctl('add_user', user, 'pass')
    await rabbitmqctl('set_permissions', user, '.*', '.*', '.*')
    const proxy = await startTcpCut(brokerTarget)
    const { publisher } = observedPublisher(side, urlOf(proxy).replace('guest:guest', `${user}:pass`))
    await publisher.ready(soon())
    proxy.deafen()
    const published = failureOf(publisher.publish(testNotification(), soon()))
    await rabbitmqctl('close_all_user_connections', user, 'maintenance')
    expect(await published).toBeInstanceOf(DestinationError)
    expect((await published).message).toContain('maintenance')
    await publisher.close(soon())
    await proxy.close()
    await rabbitmqctl('delete_user', user)
  })
})

describe('a broker that falls silent', () => {
  it('is given up when it does not confirm in time, and the notification goes over a new connection', async () => {
    const proxy = await startTcpCut(brokerTarget)
    const { publisher, outages, recoveries } = observedPublisher(side, urlOf(proxy), { confirmSeconds: 0.5 })
    const before = openSockets()
    await publisher.ready(soon())
    proxy.freeze()
    const notification = testNotification()
    await expect(publisher.publish(notification, soon())).rejects.toMatchObject({ code: 'NOT_CONFIRMED' })
    await publisher.publish(notification, soon())
    expect(proxy.connections).toBe(2)
    // Two ends of each at the proxy, and ours of the second.
    await waitFor('our end of the silent connection is closed', () => openSockets() - before === 5)
    expect([outages.length, recoveries.length]).toEqual([1, 1])
    expect(await side.take(1)).toHaveLength(1)
    await publisher.close(soon())
    await proxy.close()
  })

  it('is noticed by its missing heartbeats while nothing is published', async () => {
    const proxy = await startTcpCut(brokerTarget)
    const url = `${urlOf(proxy)}?heartbeat_timeout_threshold=1`
    const { publisher, outages } = observedPublisher(side, url, { confirmSeconds: 60 })
    const before = openSockets()
    await publisher.ready(soon())
    expect(openSockets() - before).toBe(3)
    proxy.freeze()
    await waitFor('our end of the silent connection is closed', () => openSockets() - before < 3)
    await publisher.publish(testNotification(), soon(5))
    expect(outages).toEqual([])
    await publisher.close(soon())
    await proxy.close()
  })
})
