import { untilAborted } from './until-aborted.js'

interface Waiter {
  readonly enter: () => void
  readonly giveUp: (error: Error) => void
}

/**
 * Lets in at most `limit` at a time, first come first served, and nobody while it is held. Whoever was let in calls
 * `leave` once.
 */
export class Gate {
  readonly #limit: number
  readonly #waiters = new Set<Waiter>()
  readonly #holds = new Set<string>()
  #inside = 0
  #shut: Error | undefined

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Rejects with the signal's reason, or with the error of `shut`. */
  async enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#shut !== undefined) throw this.#shut
    if (this.#waiters.size === 0 && this.#hasRoom()) {
      this.#inside += 1
      return
    }
    const { entered, waiter } = this.#wait()
    try {
      await untilAborted(entered, signal)
    } catch (error) {
      // Let in and given up within one turn: the place is free again. Once shut, places do not matter.
      if (!this.#waiters.delete(waiter)) this.leave()
      throw error
    }
  }

  leave(): void {
    this.#inside -= 1
    this.#admit()
  }

  /** Nobody is let in until every reason to hold is released. */
  hold(reason: string): void {
    this.#holds.add(reason)
  }

  release(reason: string): void {
    this.#holds.delete(reason)
    this.#admit()
  }

  /** For good: those who wait and all who come are turned away with that error. */
  shut(error: Error): void {
    this.#shut = error
    for (const waiter of this.#waiters) waiter.giveUp(error)
    this.#waiters.clear()
  }

  #wait(): { readonly entered: Promise<void>; readonly waiter: Waiter } {
    let waiter: Waiter = { enter: () => undefined, giveUp: () => undefined }
    const entered = new Promise<void>((resolve, reject) => (waiter = { enter: resolve, giveUp: reject }))
    this.#waiters.add(waiter)
    this.#admit()
    return { entered, waiter }
  }

  #admit(): void {
    for (const waiter of this.#waiters) {
      if (!this.#hasRoom()) return
      this.#waiters.delete(waiter)
      this.#inside += 1
      waiter.enter()
    }
  }

  #hasRoom(): boolean {
    return this.#holds.size === 0 && this.#inside < this.#limit
  }
}
