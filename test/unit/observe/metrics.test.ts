import { describe, expect, it } from 'vitest'
import { createMetrics } from '../../../src/observe/metrics.js'

function metrics() {
  const outbox = {
    queuedNotifications: 3,
    storedNotifications: 2,
    queuedBytes: 4096,
    destinations: [
      {
        ...{ name: 'amqp://one:5672/', oldestAgeSeconds: 12.5, queued: { samples: 30 } },
        ...{ recovered: { samples: 50 }, confirmed: { samples: 100 }, dropped: { full: { samples: 7 } } },
      },
      {
        ...{ name: 'file /two', oldestAgeSeconds: 0, queued: { samples: 0 } },
        ...{ recovered: { samples: 0 }, confirmed: { samples: 137 }, dropped: { full: { samples: 0 } } },
      },
    ],
  }
  return createMetrics({
    outbox: () => outbox,
    hungCalls: () => 2,
    abandoned: () => [{ directory: '/outbox/also-0123456789ab', samples: 9 }],
    buildInfo: { version: '1.2.3', node: '20', libvirt: '9.0.0' },
    configInfo: { uri: 'qemu:///system', drivers: 'messagingv2,file' },
  })
}

async function lines(of: ReturnType<typeof metrics>): Promise<string[]> {
  return (await of.render()).split('\n').filter((line) => line.startsWith('virtpoll_'))
}

describe('the metrics', () => {
  it('read what the outbox and the connection hold at the moment of the scrape', async () => {
    const page = await lines(metrics())
    expect(page).toEqual(
      expect.arrayContaining([
        'virtpoll_outbox_notifications 3',
        'virtpoll_outbox_files 2',
        'virtpoll_outbox_samples{destination="amqp://one:5672/"} 30',
        'virtpoll_outbox_samples{destination="file /two"} 0',
        'virtpoll_outbox_bytes 4096',
        'virtpoll_outbox_abandoned_samples{directory="/outbox/also-0123456789ab"} 9',
        'virtpoll_samples_recovered_total{destination="amqp://one:5672/"} 50',
        'virtpoll_outbox_oldest_age_seconds{destination="amqp://one:5672/"} 12.5',
        'virtpoll_libvirt_hung_calls 2',
        'virtpoll_samples_confirmed_total{destination="amqp://one:5672/"} 100',
        'virtpoll_samples_confirmed_total{destination="file /two"} 137',
        'virtpoll_samples_dropped_total{destination="amqp://one:5672/",reason="full"} 7',
        'virtpoll_build_info{version="1.2.3",node="20",libvirt="9.0.0"} 1',
        'virtpoll_config_info{uri="qemu:///system",drivers="messagingv2,file"} 1',
      ]),
    )
  })

  it('add up cycles, and keep instances and the time of the last good cycle when one fails', async () => {
    const figures = metrics()
    const good = {
      seconds: 0.2,
      failed: false,
      instances: 4,
      expected: 10,
      produced: 8,
      missing: { 'no-data': 2 },
      unaccounted: 3,
    }
    figures.cycleFinished({ ...good, finishedAtMs: 5_000 })
    figures.cycleFinished({ ...good, failed: true, instances: 0, finishedAtMs: 9_000 })
    expect(await lines(figures)).toEqual(
      expect.arrayContaining([
        'virtpoll_cycles_total{outcome="done"} 1',
        'virtpoll_cycles_total{outcome="failed"} 1',
        'virtpoll_samples_expected_total 20',
        'virtpoll_samples_produced_total 16',
        'virtpoll_samples_missing_total{reason="no-data"} 4',
        'virtpoll_samples_unaccounted_total 6',
        'virtpoll_instances 4',
        'virtpoll_last_cycle_timestamp_seconds 5',
        'virtpoll_cycle_seconds_count 2',
      ]),
    )
  })

  it('count confirmed samples once, however often they are scraped', async () => {
    const figures = metrics()
    await figures.render()
    expect(await lines(figures)).toContain('virtpoll_samples_confirmed_total{destination="file /two"} 137')
  })
})
