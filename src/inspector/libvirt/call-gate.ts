import { toError } from '../../errors.js'
import type { Clock } from '../../schedule/clock.js'
import { CallError } from './errors.js'
import type { InspectorObserver } from './observer.js'

/** Most calls that may hang at a time: each keeps a worker of libvirtd, which has 20 for all its clients. */
export const hungCallLimit = 3

export interface GateOptions {
  /** Calls out at a time, hung ones included. */
  readonly maxCalls: number
  readonly callTimeoutSeconds: number
}

export interface GateDeps {
  readonly clock: Clock
  readonly observer: InspectorObserver
  /** Monitor-bound calls that hang in libvirtd although they are not out here: see CallJournal. */
  readonly orphans: () => number
}

export interface Call<T> {
  /** The libvirt function, for errors and metrics. */
  readonly name: string
  /** Whether it may wait for the monitor of a domain, and so for ever. */
  readonly monitorBound: boolean
  /** Waited for no longer than so, should that be less than the timeout of every call. */
  readonly patienceSeconds?: number | undefined
  readonly signal: AbortSignal
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
 * hung calls holds even when all domains stick at once; a place is left for calls that need no monitor. Should one of
 * those hang, because somebody keeps the lock of a domain, it counts like the others. From the first one
 * that hangs the last place is kept back: no two calls go out that could both take it, so that the others are read by
 * way of that one.
 */
export class CallGate {
  readonly #options: GateOptions
  readonly #deps: GateDeps
  readonly #waiting: Waiting[] = []
  #made = 0
  #out = 0
  #monitorOut = 0
  #hung = 0
  #monitorHung = 0

  constructor(options: GateOptions, deps: GateDeps) {
    this.#options = options
    this.#deps = deps
  }

  /** Calls made so far. */
  get made(): number {
    return this.#made
  }

  /** Calls that hang in libvirtd although nobody waits for them any more. */
  get hung(): number {
    return this.#hung + this.#deps.orphans()
  }

  /** How many monitor-bound calls may be out beside those that hang. */
  get monitorLanes(): number {
    const limit = Math.max(1, Math.min(hungCallLimit, this.#options.maxCalls - 1))
    const { hung } = this
    if (hung === 0) return limit
    return hung >= limit ? 0 : Math.max(1, limit - 1 - hung)
  }

  /**
   * Makes the call when there is a place for it. Rejects with what the call rejects with, with a CallError `busy` when
   * hung calls take all places, with a CallError `hung` after its deadline, and with the signal's reason.
   */
  async call<T>(call: Call<T>): Promise<T> {
    call.signal.throwIfAborted()
    await this.#admission(call.monitorBound)
    if (call.signal.aborted) this.#leavePlace(call)
    call.signal.throwIfAborted()
    return this.#watch(call)
  }

  #admission(monitorBound: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const refuse = () => {
        const message = `no call was made: ${this.hung} libvirt calls hang; see which domains are stuck`
        reject(new CallError('busy', message, { call: '' }))
      }
      this.#waiting.push({ monitorBound, go: resolve, refuse })
      this.#admit()
    })
  }

  #admit(): void {
    for (const waiting of [...this.#waiting]) {
      const { monitorBound } = waiting
      if (this.#hung >= this.#options.maxCalls || (monitorBound && this.monitorLanes <= 0)) {
        this.#unqueue(waiting).refuse()
      } else if (this.#isPlaceFor(monitorBound)) {
        this.#out += 1
        if (monitorBound) this.#monitorOut += 1
        this.#unqueue(waiting).go()
      }
    }
  }

  #isPlaceFor(monitorBound: boolean): boolean {
    if (this.#out >= this.#options.maxCalls) return false
    return !monitorBound || this.#monitorOut - this.#monitorHung < this.monitorLanes
  }

  #unqueue(waiting: Waiting): Waiting {
    this.#waiting.splice(this.#waiting.indexOf(waiting), 1)
    return waiting
  }

  #leavePlace({ monitorBound }: Pick<Call<unknown>, 'monitorBound'>): void {
    this.#out -= 1
    if (monitorBound) this.#monitorOut -= 1
    this.#admit()
  }

  async #watch<T>(call: Call<T>): Promise<T> {
    const startedAt = this.#deps.clock.now().monotonicSeconds
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
    return Promise.race([answer, this.#leaving(flight)])
  }

  #returned({ call, startedAt, ended, left }: Flight, outcome: 'ok' | 'failed', error?: unknown): void {
    ended.abort()
    const { clock, observer } = this.#deps
    const seconds = clock.now().monotonicSeconds - startedAt
    observer.callReturned(call.name, seconds, left ? 'late' : outcome)
    if (left) this.#countHung(call, -1)
    if (left) call.onLate?.(error)
    this.#leavePlace(call)
  }

  /** Rejects when the call is left: after its deadline, or because the cycle is given up. */
  #leaving(flight: Flight): Promise<never> {
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
        leave(toError(call.signal.reason))
      }
      call.signal.addEventListener('abort', aborted, { once: true, signal: ended.signal })
      const seconds = Math.min(call.patienceSeconds ?? Infinity, this.#options.callTimeoutSeconds)
      this.#deps.clock.sleepUntil(startedAt + seconds, ended.signal).then(
        () => {
          leave(deadlineError(call.name, seconds))
        },
        () => undefined,
      )
    })
  }

  #countHung({ name, monitorBound }: Call<unknown>, change: 1 | -1): void {
    this.#hung += change
    if (monitorBound) this.#monitorHung += change
    if (change === 1) this.#deps.observer.callLeft(name, this.hung)
    this.#admit()
  }
}

function deadlineError(name: string, seconds: number): CallError {
  return new CallError('hung', `${name} did not answer within ${seconds} s and was left`, { call: name })
}
