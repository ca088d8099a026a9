import { readFileSync } from 'node:fs'
import { connect } from 'amqplib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openLab } from '../support/lab.js'
import { startOsloListener, type OsloListener } from '../support/oslo-listener.js'

interface CapturedMessage {
  readonly exchange: string
  readonly routingKey: string
  readonly bodyUtf8: string
}

const lab = openLab()
const captured = JSON.parse(
  readFileSync(new URL('../fixtures/oslo-listener/telemetry-polling.json', import.meta.url), 'utf8'),
) as CapturedMessage
let listener: OsloListener

beforeAll(async () => {
  listener = await startOsloListener({ url: lab.transportUrl, secret: 'change this for valid signing' })
})

afterAll(() => listener.stop())

/** Publishes the captured message, with a `_unique_id` of its own: the listener drops one that it has seen. */
async function publish(uniqueId: string, alter: (body: string) => string = (body) => body): Promise<void> {
  const body = alter(captured.bodyUtf8).replace('7a7e30778943473baedd9bd8c54f376b', uniqueId)
  const connection = await connect(lab.amqpUrl)
  const channel = await connection.createConfirmChannel()
  channel.publish(captured.exchange, captured.routingKey, Buffer.from(body), {
    contentType: 'application/json',
    contentEncoding: 'utf-8',
  })
  await channel.waitForConfirms()
  await connection.close()
}

test('the real listener hands over what ceilometer published, signatures verified', async () => {
  await publish('a'.repeat(32))
  const [notification] = await listener.take(1)
  expect(notification).toMatchObject({
    priority: 'sample',
    publisher_id: 'ceilometer.polling',
    event_type: 'telemetry.polling',
    samples: [
      { volume_type: 'int', volume_text: '90000000001', signature_ok: true },
      { volume_type: 'int', volume_text: '90000000002', signature_ok: true },
      { volume_type: 'int', volume_text: '90000000003', signature_ok: true },
    ],
  })
  expect(notification!.payload.samples![0]).toMatchObject({ counter_name: 'cpu', resource_metadata: {} })
})

test.each([
  ['90000000001', '512.0', { volume_type: 'float', volume_text: '512.0', signature_ok: false }],
  [
    '90000000001',
    '18446744073709551615',
    { volume_type: 'int', volume_text: '18446744073709551615', signature_ok: false },
  ],
])('the real listener sees %s altered to %s, exactly', async (from, to, first) => {
  await publish(to.padStart(32, '0'), (body) => body.replace(from, to))
  const [notification] = await listener.take(1)
  expect(notification!.samples[0]).toEqual(first)
  expect(notification!.samples[1]!.signature_ok).toBe(true)
})

test('waiting for a notification that does not come fails when the time is up', async () => {
  await expect(listener.take(1, 0.2)).rejects.toThrow('1 notifications came')
})
