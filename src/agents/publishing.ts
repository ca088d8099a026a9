import { randomUUID } from 'node:crypto'
import type { AgentOptions, PublisherOptions } from '../config/options.js'
import { createAmqpPublisher } from '../publish/amqp-publisher.js'
import { createFilePublisher } from '../publish/file-publisher.js'
import { createLogPublisher, type SampleLine } from '../publish/log-publisher.js'
import { createNoopPublisher } from '../publish/noop-publisher.js'
import { createNotifier, joinNotifiers, type Notifier } from '../publish/notifier.js'
import { observed } from '../publish/observed-publisher.js'
import type { DestinationObserver } from '../publish/outage.js'
import { eachDropReason, type Outbox, type OutboxFigures, type Publisher } from '../publish/publisher.js'
import { parseTransportUrl } from '../publish/transport-url.js'
import type { Clock } from '../schedule/clock.js'
import type { OpenOutbox } from './outboxes.js'

export interface PublishingParts {
  readonly clock: Clock
  readonly version: string
  /** Hears when a destination goes away and comes back; `name` has no secret. */
  readonly observe: (name: string) => DestinationObserver
  /** Where the driver `log` writes. */
  readonly logSample: (line: SampleLine, message: string) => void
  /** Gives the outbox of destinations that share a telemetry secret. */
  readonly openOutbox: OpenOutbox
}

/** Everything behind the samples: notifiers, outboxes, destinations. */
export interface Publishing {
  readonly notifier: Notifier
  readonly publishers: readonly Publisher[]
  /** Summed over all outboxes. */
  figures(): OutboxFigures
  /** Waits until everything is delivered or the signal aborts, then closes the destinations. */
  close(signal: AbortSignal): Promise<void>
}

interface Group {
  readonly publishers: readonly Publisher[]
  readonly outbox: Outbox
  readonly notifier: Notifier
}

type Make = (publisher: PublisherOptions, options: AgentOptions, parts: PublishingParts) => Publisher

const amqp =
  (version: 1 | 2): Make =>
  (publisher, { host }, { clock, observe, version: productVersion }) => {
    const url = parseTransportUrl(publisher.transportUrl)
    const { exchange, topics, publisherId, durable, quorum } = publisher
    const connectionName = `virtpoll:${process.pid}:${host}`
    return createAmqpPublisher(
      { url, exchange, topics, version, publisherId, durable, quorum, connectionName, productVersion },
      { clock, observer: observe(url.name), uuid: randomUUID, random: Math.random },
    )
  }

const makers: Readonly<Record<PublisherOptions['driver'], Make>> = {
  messagingv2: amqp(2),
  messaging: amqp(1),
  file: ({ path }, _options, { clock, observe }) => {
    const publisher = createFilePublisher(path ?? '')
    return observed(publisher, observe(publisher.name), clock)
  },
  log: (_publisher, _options, { logSample }) => createLogPublisher(logSample),
  noop: () => createNoopPublisher(),
}

/**
 * Builds all destinations. Those that share a telemetry secret share a notifier and an outbox; samples for another
 * secret are signed anew, for an outbox of their own. Connects to nothing before there is something to send, which an
 * outbox can have from an earlier run. Rejects with what opening an outbox is rejected with.
 */
export async function buildPublishing(options: AgentOptions, parts: PublishingParts): Promise<Publishing> {
  const secrets = new Set(options.publishers.map(({ telemetrySecret }) => telemetrySecret))
  const groups: Group[] = []
  for (const secret of secrets) {
    const destinations = options.publishers
      .filter(({ telemetrySecret }) => telemetrySecret === secret)
      .map((publisher) => ({
        publisher: makers[publisher.driver](publisher, options, parts),
        options: publisher,
      }))
    const outbox = await parts.openOutbox(destinations)
    const notifier = buildNotifier(options, secret, outbox, parts.clock)
    groups.push({ publishers: destinations.map(({ publisher }) => publisher), outbox, notifier })
  }
  const [first, ...others] = groups.map(({ notifier }) => notifier)
  if (first === undefined) throw new RangeError('there is no publisher; the configuration promises one')
  const outboxes = groups.map(({ outbox }) => outbox)
  const publishers = groups.flatMap((group) => group.publishers)
  return {
    notifier: joinNotifiers([first, ...others]),
    publishers,
    figures: () => sumOf(outboxes.map(({ figures }) => figures)),
    async close(signal) {
      await Promise.all(outboxes.map((outbox) => outbox.close(signal)))
      await Promise.all(publishers.map((publisher) => publisher.close(signal)))
    },
  }
}

function buildNotifier(
  { polling, samples }: AgentOptions,
  secret: string,
  outbox: Outbox,
  clock: Clock,
): Notifier {
  const { batchSize, batchBytes } = polling
  return createNotifier({
    ...{ outbox, clock, newId: randomUUID },
    ...{ secret, names: samples.names, batchSize, batchBytes },
  })
}

function sumOf(all: readonly OutboxFigures[]): OutboxFigures {
  const sum = (read: (figures: OutboxFigures) => number): number =>
    all.reduce((total, figures) => total + read(figures), 0)
  return {
    queuedNotifications: sum((figures) => figures.queuedNotifications),
    storedNotifications: sum((figures) => figures.storedNotifications),
    recoveredSamples: sum((figures) => figures.recoveredSamples),
    queuedBytes: sum((figures) => figures.queuedBytes),
    oldestAgeSeconds: Math.max(...all.map((figures) => figures.oldestAgeSeconds)),
    confirmedSamples: sum((figures) => figures.confirmedSamples),
    droppedSamples: eachDropReason((reason) => sum(({ droppedSamples }) => droppedSamples[reason])),
    destinations: all.flatMap((figures) => figures.destinations),
  }
}
