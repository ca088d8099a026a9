import { expect, it } from 'vitest'
import { createLogPublisher } from '../../../src/publish/log-publisher.js'
import { aNotification } from '../../support/notifications.js'
import { aSample } from '../../support/samples.js'

it('logs what was measured on what, exactly, without metadata or signature', async () => {
  const lines: unknown[] = []
  const publisher = createLogPublisher((line, message) => lines.push([line, message]))
  const awkward = '"counter_volume":1,'
  await publisher.publish(
    aNotification([
      aSample({ volume: 18446744073709551615n, unit: awkward, resourceId: 'r-1' }),
      aSample({ id: 'second', name: 'memory.usage', type: 'gauge', volume: 390.5, numberKind: 'float' }),
    ]),
    new AbortController().signal,
  )
  expect(lines).toEqual([
    [
      {
        event_type: 'telemetry.polling',
        meter: 'cpu',
        type: 'cumulative',
        volume: 18446744073709551615n,
        unit: awkward,
        resource_id: 'r-1',
        project_id: 'tenant-1',
        timestamp: '2026-11-21T08:08:24.123000',
        message_id: '00000000-0000-4000-8000-000000000001',
      },
      'sample',
    ],
    [expect.objectContaining({ meter: 'memory.usage', volume: 390.5, message_id: 'second' }), 'sample'],
  ])
})
