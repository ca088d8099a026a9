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
  /** Summed over all outboxes. Destinations have the names that `observe` was told: no two the same. */
  figures(): OutboxFigures
  /** Waits until everything is delivered or the signal aborts, then closes the destinations. */
  close(signal: AbortSignal): Promise<void>
}

interface Group {
  readonly publishers: readonly Publisher[]
  readonly outbox: Outbox
  readonly notifier: Notifier
  /** Of `publishers`. */
  readonly labels: readonly string[]
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
  const labelOf = labelling()
  for (const secret of secrets) {
    const destinations = options.publishers
      .filter(({ telemetrySecret }) => telemetrySecret === secret)
      .map((publisher) => {
        const observe = (name: string) => parts.observe(labelOf(name, publisher))
        return {
          publisher: makers[publisher.driver](publisher, options, { ...parts, observe }),
          options: publisher,
        }
      })
    const outbox = await parts.openOutbox(destinations)
    const notifier = buildNotifier(options, secret, outbox, parts.clock)
    const publishers = destinations.map(({ publisher }) => publisher)
    const labels = destinations.map((destination) => labelOf(destination.publisher.name, destination.options))
    groups.push({ publishers, outbox, notifier, labels })
  }
  const [first, ...others] = groups.map(({ notifier }) => notifier)
  if (first === undefined) throw new RangeError('there is no publisher; the configuration promises one')
  const outboxes = groups.map(({ outbox }) => outbox)
  const publishers = groups.flatMap((group) => group.publishers)
  return {
    notifier: joinNotifiers([first, ...others]),
    publishers,
    figures: () => sumOf(groups.map(figuresOf)),
    async close(signal) {
      await Promise.all(outboxes.map((outbox) => outbox.close(signal)))
      await Promise.all(publishers.map((publisher) => publisher.close(signal)))
    },
  }
}

/** Names a destination by its publisher's name, and by exchange and topics too where an earlier one has that name. */
function labelling(): (name: string, options: PublisherOptions) => string {
  const labels = new Map<PublisherOptions, string>()
  return (name, options) => {
    const known = labels.get(options)
    if (known !== undefined) return known
    const taken = new Set(labels.values())
    const longer = `${name} ${options.exchange}/${options.topics.join(',')}`
    const label = [name, longer].find((free) => !taken.has(free)) ?? `${longer} (${labels.size + 1})`
    labels.set(options, label)
    return label
  }
}

function figuresOf({ outbox, labels }: Group): OutboxFigures {
  const { figures } = outbox
  const destinations = figures.destinations.map((one, index) => ({ ...one, name: labels[index] ?? one.name }))
  return { ...figures, destinations }
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
