import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/schedule/clock.js'
import { openDiskOutbox } from '../../src/publish/disk-outbox.js'
import { createOutboxFolder } from '../../src/publish/outbox-folder.js'
import type { Notification, Outbox } from '../../src/publish/publisher.js'
import type { DrainOrder } from '../../src/publish/waiting-line.js'
import {
  brokerTarget,
  observedPublisher,
  openBrokerSide,
  roomy,
  soon,
  type BrokerSide,
} from '../support/broker.js'
import { samplesOf } from '../support/broker-record.js'
import { holder, keyed, newOutboxPath, removeOutboxes } from '../support/disk-outbox.js'
import { pointsKept, type Measure } from '../support/gnocchi.js'
import { aNotification } from '../support/notifications.js'
import { aSample } from '../support/samples.js'
import { startTcpCut, type TcpCut } from '../support/tcp-cut.js'
import { waitFor } from '../support/wait-for.js'

const stepMs = 300_000
const backlog = 13
const live = 3
const points = backlog + live

let side: BrokerSide
let cut: TcpCut

beforeEach(async () => {
  side = await openBrokerSide()
  cut = await startTcpCut(brokerTarget)
})
afterEach(async () => {
  await cut.close()
  await side.close()
  await removeOutboxes()
})

/** The figure of one instance at the `step`th of a host's looks. */
function lookAt(step: number): Notification {
  const takenAt = { wallMs: Date.UTC(2026, 0, 2, 3) + step * stepMs, monotonicSeconds: step }
  return aNotification([aSample({ id: randomUUID(), takenAt, volume: step })])
}

interface Run {
  readonly outbox: Outbox
  readonly outages: readonly unknown[]
  close(): Promise<void>
}

async function openOutbox(path: string, order: DrainOrder): Promise<Run> {
  const { publisher, outages } = observedPublisher(side, `rabbit://guest:guest@127.0.0.1:${cut.port}/`)
  const ignore = (): void => undefined
  const outbox = await openDiskOutbox(
    [keyed(publisher)],
    { ...roomy, order },
    {
      ...{
        folder: createOutboxFolder(path, holder),
        clock: systemClock,
        random: () => 1,
        onRejected: ignore,
      },
      observer: { onOpened: ignore, onOutage: ignore, onRecovered: ignore, onDamaged: ignore },
    },
  )
  return {
    ...{ outbox, outages },
    async close() {
      await outbox.close(AbortSignal.abort())
      await publisher.close(soon())
    },
  }
}

/** What the broker takes, in its order, after an outage in which an agent was restarted and after which it polls on. */
async function arrivalsAfterOutage(order: DrainOrder): Promise<Measure[][]> {
  const path = await newOutboxPath()
  await cut.cut()
  const before = await openOutbox(path, order)
  for (let step = 0; step < backlog; step += 1) before.outbox.put(lookAt(step))
  await waitFor('the backlog is on disk', () => before.outbox.figures.storedNotifications === backlog)
  await before.close()
  const after = await openOutbox(path, order)
  await waitFor('the broker is known to be away', () => after.outages.length > 0)
  for (let step = backlog; step < points; step += 1) after.outbox.put(lookAt(step))
  await cut.mend()
  const messages = await waitFor('everything came', async () => {
    const { messageCount } = await side.onChannel((channel) =>
      channel.assertQueue(side.queue, { durable: false }),
    )
    return messageCount === points && side.take(points)
  })
  await after.close()
  return messages.map(({ content }) =>
    samplesOf(content).map(({ timestamp, counter_volume: volume }) => [timestamp as string, Number(volume)]),
  )
}

describe('what Gnocchi keeps of an outage', () => {
  it('is every point when the backlog goes out oldest first', async () => {
    const arrivals = await arrivalsAfterOutage('oldest-first')
    expect(arrivals.flat().map(([, step]) => step)).toEqual(Array.from({ length: points }, (_, step) => step))
    expect(await Promise.all([pointsKept('low', arrivals), pointsKept('medium', arrivals)])).toEqual([
      points,
      points,
    ])
  })

  it('is only the newest block of an archive policy when what is new goes first', async () => {
    const arrivals = await arrivalsAfterOutage('newest-first')
    expect(arrivals.flat()).toHaveLength(points)
    const steps = arrivals.flat().map(([, step]) => step)
    // One may have been under way before those of after the outage came.
    expect(steps.slice(1)).toEqual(steps.slice(1).toSorted((a, b) => b - a))
    // `low` has blocks of 5 minutes, `medium` of the hour, which began with the last of the backlog.
    const [low, medium] = await Promise.all([pointsKept('low', arrivals), pointsKept('medium', arrivals)])
    expect([low <= 2, medium <= live + 1]).toEqual([true, true])
  })
})
