import { DestinationError } from '../errors.js'
import type { Notification, Publisher } from './publisher.js'
import { untilAborted } from './until-aborted.js'

/** A destination of this machine, which needs no connection. Rejects with a DestinationError when it is at fault. */
export interface LocalDestination {
  /** See Publisher. */
  readonly name: string
  /** Never called while an earlier call is under way. */
  write(notification: Notification): Promise<void>
  /** Finds out whether a write could succeed. */
  probe(): Promise<void>
}

/**
 * A publisher on a local destination: one write after the other, in the order of the calls. A write that has begun is
 * not broken off by the signal, but nobody waits for it any longer. After `close` it rejects with STOPPED.
 */
export function createLocalPublisher(destination: LocalDestination): Publisher {
  const { name } = destination
  let closed = false
  let last: Promise<void> = Promise.resolve()

  const inTurn = async (work: () => Promise<void>, signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted()
    if (closed) throw new DestinationError('STOPPED', `${name} was closed and takes no more notifications`)
    const turn = last.then(() => {
      signal.throwIfAborted()
      return work()
    })
    last = turn.catch(() => undefined)
    await untilAborted(turn, signal)
  }

  return {
    name,
    publish: (notification, signal) => inTurn(() => destination.write(notification), signal),
    ready: (signal) => inTurn(() => destination.probe(), signal),
    async close(signal) {
      closed = true
      await untilAborted(last, signal).catch(() => undefined)
    },
  }
}
