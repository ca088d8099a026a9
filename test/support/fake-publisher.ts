import type { Publisher } from '../../src/publish/publisher.js'

/** A destination in memory that a test breaks and mends. Takes everything until told otherwise. */
export interface FakePublisher extends Publisher {
  /** Message ids it has for good, in their order. */
  readonly taken: readonly string[]
  /** How often it was asked to publish. */
  readonly offered: number
  readonly underWay: number
  /** From now on each notification fails with what this gives for its message id; undefined takes it. */
  fail(fault: ((messageId: string) => Error | undefined) | undefined): void
  /** From now on nothing is answered until `release`. */
  hang(): void
  release(): void
}

export function createFakePublisher(name = 'fake'): FakePublisher {
  const taken: string[] = []
  let offered = 0
  let underWay = 0
  let fault: (messageId: string) => Error | undefined = () => undefined
  let held: Promise<void> | undefined
  let open: () => void = () => undefined
  return {
    name,
    taken,
    get offered() {
      return offered
    },
    get underWay() {
      return underWay
    },
    fail: (next) => {
      fault = next ?? (() => undefined)
    },
    hang: () => {
      held = new Promise((resolve) => (open = resolve))
    },
    release: () => {
      held = undefined
      open()
    },
    async publish({ messageId }, signal) {
      offered += 1
      underWay += 1
      try {
        await held
        signal.throwIfAborted()
        const error = fault(messageId)
        if (error !== undefined) throw error
        taken.push(messageId)
      } finally {
        underWay -= 1
      }
    },
    ready: () => Promise.resolve(),
    close: () => Promise.resolve(),
  }
}
