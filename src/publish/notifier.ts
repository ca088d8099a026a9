import { setImmediate as nextTurn } from 'node:timers/promises'
import { toError } from '../errors.js'
import type { Sample } from '../sample/sample.js'
import type { Clock } from '../schedule/clock.js'
import { batches, type BatchLimits } from './batches.js'
import { createMeterMessageWriter, type MeterMessageOptions } from './meter-message-writer.js'
import type { Outbox } from './publisher.js'

export interface NotifierOptions extends MeterMessageOptions, BatchLimits {
  readonly outbox: Pick<Outbox, 'put'>
  readonly clock: Pick<Clock, 'now'>
  /** A new UUID for each notification. */
  readonly newId: () => string
}

/** A sample that the wire cannot carry, and why. */
export interface RefusedSample {
  readonly sample: Sample
  readonly error: Error
}

export interface Notified {
  /** Notifications that went into the outbox. */
  readonly notifications: number
  /** Samples in them. */
  readonly samples: number
  readonly refused: readonly RefusedSample[]
}

/** Turns samples into signed notifications. Knows nothing about transport. */
export interface Notifier {
  /**
   * Resolves when every sample is in the outbox or refused, whatever state the destinations are in. Rejects with
   * the signal's reason; what is in the outbox by then stays there.
   */
  notify(samples: Iterable<Sample>, signal: AbortSignal): Promise<Notified>
}

/** How long samples are written before the event loop gets its turn, be it in the middle of a batch. */
const sliceSeconds = 0.001
/** Samples between two looks at the clock. */
const samplesALook = 8

/**
 * A notifier for destinations that share a telemetry secret. Destinations with another secret need samples signed
 * anew, so each distinct secret has a notifier and an outbox of its own; see `joinNotifiers`.
 */
export function createNotifier(options: NotifierOptions): Notifier {
  const { outbox, clock, newId } = options
  const write = createMeterMessageWriter(options)
  return {
    async notify(samples, signal) {
      const refused: RefusedSample[] = []
      let notifications = 0
      let put = 0
      const messages = writeEach(samples, write, refused)
      for (const batch of batches(inSlices(messages, clock), options)) {
        if (batch === undefined) {
          await nextTurn()
          continue
        }
        signal.throwIfAborted()
        outbox.put({ messageId: newId(), createdAt: clock.now(), ...batch })
        notifications += 1
        put += batch.sampleCount
      }
      signal.throwIfAborted()
      return { notifications, samples: put, refused }
    },
  }
}

function* writeEach(
  samples: Iterable<Sample>,
  write: (sample: Sample) => string,
  refused: RefusedSample[],
): Generator<string> {
  for (const sample of samples) {
    let message: string
    try {
      message = write(sample)
    } catch (thrown) {
      refused.push({ sample, error: toError(thrown) })
      continue
    }
    yield message
  }
}

/** The messages, and an undefined whenever a slice of time is over. */
function* inSlices(messages: Iterable<string>, clock: Pick<Clock, 'now'>): Generator<string | undefined> {
  let since = clock.now().monotonicSeconds
  let unlooked = 0
  for (const message of messages) {
    yield message
    unlooked += 1
    if (unlooked < samplesALook) continue
    unlooked = 0
    if (clock.now().monotonicSeconds - since < sliceSeconds) continue
    yield undefined
    since = clock.now().monotonicSeconds
  }
}

/**
 * One notifier that hands all samples to each of several. Its `samples` and `refused` are those of the first, as
 * the wire's rules are the same for all; its `notifications` are counted over all.
 */
export function joinNotifiers(notifiers: readonly [Notifier, ...Notifier[]]): Notifier {
  const [first, ...others] = notifiers
  if (others.length === 0) return first
  return {
    async notify(samples, signal) {
      const all = [...samples]
      const notified = await first.notify(all, signal)
      let { notifications } = notified
      for (const other of others) notifications += (await other.notify(all, signal)).notifications
      return { ...notified, notifications }
    },
  }
}
