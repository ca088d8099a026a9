import { toError } from '../../errors.js'
import type { Clock } from '../../schedule/clock.js'
import { CallError } from './errors.js'
import type { InspectorObserver } from './observer.js'

/** Most calls that may hang at a time: each keeps a worker of libvirtd, which has 20 for all its clients. */
const hungCallLimit = 3

export interface GateOptions {
  /** Calls out at a time, hung ones included. */
  readonly maxCalls: number
  readonly callTimeoutSeconds: number
}

export interface Call<T> {
  /** The libvirt function, for errors and metrics. */
  readonly name: string
  /** Whether it may wait for the monitor of a domain, and so for ever. */
  readonly monitorBound: boolean
  readonly make: () => Promise<T>
  /** Told when the call returns after nobody waited for it any more, with the error it returned with. */
  readonly onLate?: ((error: unknown) => void) | undefined
}

interface Waiting {
  readonly monitorBound: boolean
  readonly go: () => void
  readonly refuse: () => void
}

interface Flight {
  readonly call: Call<unknown>
  readonly startedAt: number
  readonly ended: AbortController
  left: boolean
}

/**
 * Through here goes every call to libvirt. A call past its deadline is left where it is, for it cannot be cancelled,
 * and keeps its place until it returns. No more monitor-bound calls are out at a time than may hang, so the limit of
 * hung calls holds even when all domains stick at once; a place is left for calls that need no monitor.
 */
export class CallGate {
  readonly #options: GateOptions
  readonly #clock: Clock
  readonly #observer: InspectorObserver
  readonly #waiting: Waiting[] = []
  #made = 0
  #out = 0
  #monitorOut = 0
  #hung = 0
  #monitorHung = 0

  constructor(options: GateOptions, clock: Clock, observer: InspectorObserver) {
    this.#options = options
    this.#clock = clock
    this.#observer = observer
  }

  /** Calls made so far. */
  get made(): number {
    return this.#made
  }

  /** Calls that are out although nobody waits for them any more. */
  get hung(): number {
    return this.#hung
  }

  /** How many monitor-bound calls may be out at a time, now that some hang. */
  get monitorLanes(): number {
    return this.#monitorLimit - this.#monitorHung
  }

  get #monitorLimit(): number {
    return Math.max(1, Math.min(hungCallLimit, this.#options.maxCalls - 1))
  }

  /**
   * Makes the call when there is a place for it. Rejects with what the call rejects with, with a CallError `hung`
   * after the deadline, with a CallError `busy` when hung calls take all places, and with the signal's reason.
   */
  async run<T>(call: Call<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted()
    await this.#place(call)
    if (signal.aborted) {
      this.#release(call.monitorBound)
      signal.throwIfAborted()
    }
    return this.#watch(call, signal)
  }

  #place({ name, monitorBound }: Call<unknown>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({
        monitorBound,
        go: resolve,
        refuse: () => {
          const message = `${name} was not made: ${this.#hung} libvirt calls hang; see which domains are stuck`
          reject(new CallError('busy', message, { call: name }))
        },
      })
      this.#admit()
    })
  }

  #admit(): void {
    for (const waiting of [...this.#waiting]) {
      const { monitorBound } = waiting
      if (this.#hung >= this.#options.maxCalls || (monitorBound && this.monitorLanes <= 0)) {
        this.#unqueue(waiting).refuse()
      } else if (
        this.#out < this.#options.maxCalls &&
        (!monitorBound || this.#monitorOut < this.#monitorLimit)
      ) {
        this.#out += 1
        if (monitorBound) this.#monitorOut += 1
        this.#unqueue(waiting).go()
      }
    }
  }

  #unqueue(waiting: Waiting): Waiting {
    this.#waiting.splice(this.#waiting.indexOf(waiting), 1)
    return waiting
  }

  #release(monitorBound: boolean): void {
    this.#out -= 1
    if (monitorBound) this.#monitorOut -= 1
    this.#admit()
  }

  #watch<T>(call: Call<T>, signal: AbortSignal): Promise<T> {
    const startedAt = this.#clock.now().monotonicSeconds
    const flight: Flight = { call, startedAt, ended: new AbortController(), left: false }
    this.#made += 1
    const answer = call.make()
    answer.then(
      () => {
        this.#returned(flight, 'ok')
      },
      (error: unknown) => {
        this.#returned(flight, 'failed', error)
      },
    )
    return Promise.race([answer, this.#leaving(flight, signal)])
  }

  #returned({ call, startedAt, ended, left }: Flight, outcome: 'ok' | 'failed', error?: unknown): void {
    ended.abort()
    const seconds = this.#clock.now().monotonicSeconds - startedAt
    this.#observer.callReturned(call.name, seconds, left ? 'late' : outcome)
    if (left) this.#countHung(call, -1)
    if (left) call.onLate?.(error)
    this.#release(call.monitorBound)
  }

  /** Rejects when the call is left: after its deadline, or because the cycle is given up. */
  #leaving(flight: Flight, signal: AbortSignal): Promise<never> {
    const { call, startedAt, ended } = flight
    return new Promise((_, reject) => {
      const leave = (reason: Error) => {
        if (ended.signal.aborted) return
        flight.left = true
        ended.abort()
        this.#countHung(call, 1)
        reject(reason)
      }
      const aborted = () => {
        leave(toError(signal.reason))
      }
      signal.addEventListener('abort', aborted, { once: true, signal: ended.signal })
      this.#clock.sleepUntil(startedAt + this.#options.callTimeoutSeconds, ended.signal).then(
        () => {
          leave(this.#deadlineError(call.name))
        },
        () => undefined,
      )
    })
  }

  #countHung(call: Call<unknown>, change: 1 | -1): void {
    this.#hung += change
    if (call.monitorBound) this.#monitorHung += change
    if (change === 1) this.#observer.callLeft(call.name, this.#hung)
    this.#admit()
  }

  #deadlineError(name: string): CallError {
    const seconds = this.#options.callTimeoutSeconds
    return new CallError('hung', `${name} did not answer within ${seconds} s and was left`, { call: name })
  }
}
