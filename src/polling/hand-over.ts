import type { Sample } from '../sample/sample.js'
import type { Notifier, RefusedSample } from '../publish/notifier.js'
import type { Ledger } from './ledger.js'

/**
 * Most samples held before they go to the notifier, so that a host of any size costs a bounded buffer. A multiple of
 * the usual batch sizes, as what is handed over at a time ends with a batch that may not be full.
 */
const samplesHeld = 5000

/** Collects the samples of a cycle on their way to the notifier. */
export interface HandOver {
  add(sample: Sample): void
  readonly isFull: boolean
  /**
   * Resolves when all that was added is in the outbox or refused. Not cut short when the process is stopping: what
   * was read is kept, and the outbox never makes anyone wait.
   */
  flush(): Promise<void>
  readonly notifications: number
}

export function createHandOver(
  notifier: Notifier,
  ledger: Ledger,
  refuse: (refused: RefusedSample) => void,
): HandOver {
  let held: Sample[] = []
  let notifications = 0
  return {
    add: (sample) => {
      held.push(sample)
    },
    get isFull() {
      return held.length >= samplesHeld
    },
    async flush() {
      if (held.length === 0) return
      const going = held
      held = []
      const notified = await notifier.notify(going, new AbortController().signal)
      notifications += notified.notifications
      ledger.handedOver(notified.samples, notified.refused.length)
      notified.refused.forEach(refuse)
    },
    get notifications() {
      return notifications
    },
  }
}
