import type { Faults } from './faults.js'
import type { Path } from './locate.js'
import { showPath } from './locate.js'
import type { PublisherOptions } from './options.js'
import type { JudgeTransportUrl } from './resolve-settings.js'
import type { Settings } from './settings.js'

type PublisherSettings = Settings['publishers'][number]

/**
 * An error for each publisher that leads where an earlier one leads already, and for a topic that stands twice: every
 * sample would be there twice. Two that go nowhere (`noop`) are no such thing.
 *
 * @param pathOf of a publisher by its index
 */
export function reportSameDestinations(
  publishers: readonly PublisherSettings[],
  pathOf: (index: number) => Path,
  faults: Faults,
  judge: JudgeTransportUrl,
): void {
  const seen = new Map<string, number>()
  for (const [index, publisher] of publishers.entries()) {
    const path = pathOf(index)
    const topic = publisher.topics.find((one, at, topics) => topics.indexOf(one) < at)
    if (isAmqp(publisher) && topic !== undefined)
      faults.error({
        path: [...path, 'topics'],
        text: `has ${JSON.stringify(topic)} twice; remove one, or every sample is published twice`,
      })
    const destinations = destinationsOf(publisher, judge)
    const same = destinations.find((destination) => seen.has(destination))
    const first = same === undefined ? undefined : seen.get(same)
    if (same !== undefined && first !== undefined)
      faults.error({
        path,
        text: `is the same destination as ${showPath(pathOf(first))}, ${same}; remove one, or every sample is published twice`,
      })
    for (const destination of destinations) seen.set(destination, seen.get(destination) ?? index)
  }
}

/** In words without secrets. A queue is bound to every exchange that leads to it, so the exchange does not matter. */
function destinationsOf(publisher: PublisherSettings, judge: JudgeTransportUrl): readonly string[] {
  const { driver, path, topics, transport_url: url } = publisher
  if (driver === 'file' && path !== null) return [`the file ${path}`]
  if (driver === 'log') return ['the log']
  const broker = isAmqp(publisher) ? judge(url).broker : undefined
  return broker === undefined ? [] : topics.map((topic) => `queue ${topic}.sample on ${broker}`)
}

/** Whether its driver publishes over RabbitMQ. */
export function isAmqp({ driver }: Pick<PublisherOptions, 'driver'>): boolean {
  return driver === 'messagingv2' || driver === 'messaging'
}
