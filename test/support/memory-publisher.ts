import { DestinationError } from '../../src/errors.js'
import { createLocalPublisher } from '../../src/publish/local-publisher.js'
import type { Notification, Publisher } from '../../src/publish/publisher.js'

/** A destination that keeps what it gets, and that a test can break and mend. */
export interface MemoryPublisher extends Publisher {
  readonly received: readonly Notification[]
  /** Until told otherwise every write fails with that error; undefined: writes succeed again. */
  failWith(error: Error | undefined): void
  /** Holds every write back until the function that it gives is called. */
  hold(): () => void
}

/** The error of a destination that is away. */
export const away = new DestinationError('BROKER_UNREACHABLE', 'no broker answers')

export function createMemoryPublisher(): MemoryPublisher {
  const received: Notification[] = []
  let failure: Error | undefined
  let held: Promise<void> = Promise.resolve()
  const failOrGoOn = async (): Promise<void> => {
    await held
    if (failure !== undefined) throw failure
  }
  const publisher = createLocalPublisher({
    name: 'memory',
    async write(notification) {
      await failOrGoOn()
      received.push(notification)
    },
    probe: failOrGoOn,
  })
  return {
    ...publisher,
    received,
    failWith(error) {
      failure = error
    },
    hold() {
      let release: () => void = () => undefined
      held = new Promise((resolve) => (release = resolve))
      return release
    },
  }
}
