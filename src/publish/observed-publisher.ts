import { DestinationError } from '../errors.js'
import type { Clock } from '../schedule/clock.js'
import { Outage, type DestinationObserver } from './outage.js'
import type { Publisher } from './publisher.js'

/** A publisher whose outages the observer is told of: for destinations that do not tell of their own. */
export function observed(publisher: Publisher, observer: DestinationObserver, clock: Clock): Publisher {
  const outage = new Outage(observer, clock)
  let reached = false
  const watch = async (work: Promise<void>): Promise<void> => {
    try {
      await work
    } catch (error) {
      if (error instanceof DestinationError && error.code !== 'STOPPED') outage.begin(error)
      throw error
    }
    outage.end()
    if (!reached) observer.onConnected?.()
    reached = true
  }
  return {
    name: publisher.name,
    publish: (notification, signal) => watch(publisher.publish(notification, signal)),
    ready: (signal) => watch(publisher.ready(signal)),
    close: (signal) => publisher.close(signal),
  }
}
