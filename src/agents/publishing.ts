import { randomUUID } from 'node:crypto'
import type { AgentOptions, PublisherOptions } from '../config/options.js'
import { createAmqpPublisher } from '../publish/amqp-publisher.js'
import type { Rejection } from '../publish/destination-drain.js'
import { createFilePublisher } from '../publish/file-publisher.js'
import { createLogPublisher, type SampleLine } from '../publish/log-publisher.js'
import { createMemoryOutbox } from '../publish/memory-outbox.js'
import { createNoopPublisher } from '../publish/noop-publisher.js'
import { createNotifier, joinNotifiers, type Notifier } from '../publish/notifier.js'
import type { DestinationObserver } from '../publish/outage.js'
import type { DropReason, Outbox, OutboxFigures, Publisher } from '../publish/publisher.js'
import { parseTransportUrl } from '../publish/transport-url.js'
import type { Clock } from '../schedule/clock.js'

export interface PublishingParts {
  readonly clock: Clock
  readonly version: string
  /** Hears when a destination goes away and comes back; `name` has no secret. */
  readonly observe: (name: string) => DestinationObserver
  readonly onRejected: (rejection: Rejection) => void
  /** Where the driver `log` writes. */
  readonly logSample: (line: SampleLine, message: string) => void
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
  file: ({ path }) => createFilePublisher(path ?? ''),
  log: (_publisher, _options, { logSample }) => createLogPublisher(logSample),
  noop: () => createNoopPublisher(),
}

/**
 * Builds all destinations. Those that share a telemetry secret share a notifier and an outbox; samples for another
 * secret are signed anew, for an outbox of their own. Connects to nothing yet.
 */
export function buildPublishing(options: AgentOptions, parts: PublishingParts): Publishing {
  const secrets = new Set(options.publishers.map(({ telemetrySecret }) => telemetrySecret))
  const groups = [...secrets].map((secret) => {
    const publishers = options.publishers
      .filter(({ telemetrySecret }) => telemetrySecret === secret)
      .map((publisher) => makers[publisher.driver](publisher, options, parts))
    const outbox = createMemoryOutbox(publishers, options.outbox, { ...parts, random: Math.random })
    return { publishers, outbox, notifier: buildNotifier(options, secret, outbox, parts.clock) }
  })
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
  const dropped = (reason: DropReason): number => sum(({ droppedSamples }) => droppedSamples[reason])
  return {
    queuedNotifications: sum((figures) => figures.queuedNotifications),
    queuedBytes: sum((figures) => figures.queuedBytes),
    oldestAgeSeconds: Math.max(...all.map((figures) => figures.oldestAgeSeconds)),
    confirmedSamples: sum((figures) => figures.confirmedSamples),
    droppedSamples: {
      full: dropped('full'),
      expired: dropped('expired'),
      rejected: dropped('rejected'),
      stopped: dropped('stopped'),
    },
    destinations: all.flatMap((figures) => figures.destinations),
  }
}
