import { describe, expect, it } from 'vitest'
import { batches } from '../../../src/publish/batches.js'
import { createBodyWriter, notificationBody, osloBody, uniqueIdOf } from '../../../src/publish/envelope.js'
import { createMeterMessageWriter } from '../../../src/publish/meter-message-writer.js'
import type { Metadata, MeterType, Sample } from '../../../src/sample/sample.js'
import { floatValue, isWireFloat, wireJson, type WireValue } from '../../../src/sample/wire-value.js'
import { goldenNotifications } from '../../support/golden-wire.js'
import { parseWire, parseWireObject } from '../../support/wire-parser.js'

type WireObject = Readonly<Record<string, WireValue>>

/** The body as Python reads it, keys in their order, the string of version 2 opened. */
function read(body: string): string {
  const outer = parseWireObject(body)
  const inner = outer['oslo.message']
  return wireJson(inner === undefined ? outer : { ...outer, 'oslo.message': parseWire(inner as string) })
}

/** Milliseconds since the epoch with the microseconds as a fraction. */
function wallMs(timestamp: WireValue | undefined): number {
  const [second, microseconds = '0'] = (timestamp as string).replace(' ', 'T').split('.')
  return Date.parse(`${second!}Z`) + Number(microseconds) / 1000
}

describe('the body of a notification', () => {
  it.each(goldenNotifications())('reads as what oslo.messaging sent: $name', ({ version, body, message }) => {
    const golden = parseWireObject(message)
    const ours = osloBody(
      {
        messageId: golden['message_id'] as string,
        publisherId: golden['publisher_id'] as string,
        eventType: golden['event_type'] as string,
        priority: golden['priority'] as string,
        payloadJson: [wireJson(golden['payload']!)],
        wallMs: wallMs(golden['timestamp']),
        uniqueId: golden['_unique_id'] as string,
      },
      version,
    ).toString()
    expect(ours).toMatch(/^[ -~]*$/)
    expect(read(ours)).toBe(read(body))
  })

  it.each([
    ['v2-telemetry-polling-3-default-secret', 'change this for valid signing', false],
    ['v2-telemetry-polling-3-float-custom-secret', 's3cr3t-ż', false],
    ['v2-telemetry-polling-3-no-secret', '', false],
    ['v2-master-telemetry-polling-3', 'change this for valid signing', true],
  ])('made from our samples is ceilometer’s own, signatures included: %s', (name, secret, names) => {
    const { body, message } = goldenNotifications().find((golden) => golden.name === name)!
    const golden = parseWireObject(message)
    const { samples } = golden['payload'] as { readonly samples: readonly WireObject[] }
    const write = createMeterMessageWriter({ secret, names })
    const [batch, ...more] = batches(
      samples.map((sample) => write(sampleOf(sample))),
      { batchSize: 50, batchBytes: 1 << 20 },
    )
    const ours = notificationBody(
      {
        ...batch!,
        messageId: golden['message_id'] as string,
        createdAt: { wallMs: wallMs(golden['timestamp']), monotonicSeconds: 0 },
      },
      { version: 2, publisherId: 'ceilometer.polling', uniqueId: golden['_unique_id'] as string },
    ).toString()
    expect(more).toEqual([])
    expect(read(ours)).toBe(read(body))
  })

  it('stays ASCII whatever the publisher is called', () => {
    const body = notificationBody(
      { messageId: 'm', createdAt: { wallMs: 0, monotonicSeconds: 0 }, samplesJson: '[]', sampleCount: 0 },
      { version: 2, publisherId: 'agent "ż"', uniqueId: 'u' },
    ).toString()
    expect(body).toMatch(/^[ -~]*$/)
    const inner = JSON.parse((JSON.parse(body) as Record<string, string>)['oslo.message']!) as unknown
    expect(inner).toMatchObject({
      publisher_id: 'agent "ż"',
      event_type: 'telemetry.polling',
      priority: 'SAMPLE',
    })
  })
})

describe('a body writer', () => {
  const options = { publisherId: 'p', uniqueId: 'u' }
  const holding = (samplesJson: string) => ({
    ...{ messageId: 'm', createdAt: { wallMs: 0, monotonicSeconds: 0 } },
    ...{ samplesJson, sampleCount: 1 },
  })

  it.each([1, 2] as const)(
    'gives whole bodies, whether longer or shorter than the one before: version %i',
    (version) => {
      const write = createBodyWriter()
      for (const length of [10, 200_000, 3, 50_000, 400_000]) {
        const samples = [{ text: 'a"b\\c\n'.repeat(length / 6) }, length]
        const body = JSON.parse(
          write(holding(JSON.stringify(samples)), { ...options, version }).toString(),
        ) as Body
        expect(samplesOf(body)).toEqual(samples)
      }
    },
  )

  it('quotes what stands on either side of any place in a long text', () => {
    const write = createBodyWriter()
    for (let shift = 0; shift < 4; shift += 1) {
      const samplesJson = `[${' '.repeat(shift)}${JSON.stringify('\\"'.repeat(20_000))}]`
      const body = write(holding(samplesJson), { ...options, version: 2 }).toString()
      const inner = (JSON.parse(body) as Record<string, string>)['oslo.message']
      expect(inner).toContain(samplesJson)
    }
  })
})

type Body = Readonly<Record<string, unknown>> & { readonly payload: { readonly samples: unknown } }

function samplesOf(body: Body): unknown {
  const inner = body['oslo.message']
  return (inner === undefined ? body : (JSON.parse(inner as string) as Body)).payload.samples
}

describe('uniqueIdOf', () => {
  it('gives the 32 hex digits of a UUID', () => {
    expect(uniqueIdOf('7a7e3077-8943-473b-aedd-9bd8c54f376b')).toBe('7a7e30778943473baedd9bd8c54f376b')
  })
})

function sampleOf(message: WireObject): Sample {
  const volume = message['counter_volume']!
  return {
    id: message['message_id'] as string,
    source: message['source'] as string,
    name: message['counter_name'] as string,
    type: message['counter_type'] as MeterType,
    unit: message['counter_unit'] as string,
    volume: isWireFloat(volume) ? floatValue(volume) : (volume as number | bigint),
    numberKind: isWireFloat(volume) ? 'float' : 'int',
    userId: message['user_id'] as string | null,
    userName: (message['user_name'] ?? null) as string | null,
    projectId: message['project_id'] as string | null,
    projectName: (message['project_name'] ?? null) as string | null,
    resourceId: message['resource_id'] as string,
    takenAt: {
      wallMs: wallMs(message['timestamp']),
      monotonicSeconds: floatValue(message['monotonic_time'] as Parameters<typeof floatValue>[0]),
    },
    metadata: message['resource_metadata'] as Metadata,
    extraMetadata: undefined,
  }
}
