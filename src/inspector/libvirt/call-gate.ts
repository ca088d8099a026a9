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
  readonly make: () => Promise<T>
  /** Told when the call returns after nobody waited for it any more, with the error it returned with. */
  readonly onLate?: ((error: unknown) => void) | undefined
}

/** Makes a call within a place that is held. */
export type MakeCall = <T>(call: Call<T>) => Promise<T>

export interface PlaceOptions {
  /** Whether a call may wait for the monitor of a domain, and so for ever. */
  readonly monitorBound: boolean
  readonly signal: AbortSignal
}

interface Waiting {
  readonly monitorBound: boolean
  readonly go: () => void
  readonly refuse: () => void
}

/** One of the places that calls go out from. It is free again when its work has ended and all its calls returned. */
interface Place extends PlaceOptions {
  callsOut: number
  ended: boolean
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
   * Does the work when there is a place for it; its calls go out one after the other. Rejects with what the work
   * rejects with and with a CallError `busy` when hung calls take all places. A call that the work makes rejects with a
   * CallError `hung` after its deadline, and with the signal's reason.
   */
  async hold<T>(options: PlaceOptions, work: (make: MakeCall) => Promise<T>): Promise<T> {
    options.signal.throwIfAborted()
    await this.#admission(options.monitorBound)
    const place: Place = { ...options, callsOut: 0, ended: false }
    try {
      return await work((call) => this.#watch(call, place))
    } finally {
      place.ended = true
      this.#freeIfDone(place)
    }
  }

  #admission(monitorBound: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const refuse = () => {
        const message = `no call was made: ${this.#hung} libvirt calls hang; see which domains are stuck`
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

  #freeIfDone({ ended, callsOut, monitorBound }: Place): void {
    if (!ended || callsOut > 0) return
    this.#out -= 1
    if (monitorBound) this.#monitorOut -= 1
    this.#admit()
  }

  async #watch<T>(call: Call<T>, place: Place): Promise<T> {
    place.signal.throwIfAborted()
    const startedAt = this.#clock.now().monotonicSeconds
    const flight: Flight = { call, startedAt, ended: new AbortController(), left: false }
    this.#made += 1
    place.callsOut += 1
    const answer = call.make()
    answer.then(
      () => {
        this.#returned(flight, place, 'ok')
      },
      (error: unknown) => {
        this.#returned(flight, place, 'failed', error)
      },
    )
    return Promise.race([answer, this.#leaving(flight, place)])
  }

  #returned(flight: Flight, place: Place, outcome: 'ok' | 'failed', error?: unknown): void {
    const { call, startedAt, ended, left } = flight
    ended.abort()
    const seconds = this.#clock.now().monotonicSeconds - startedAt
    this.#observer.callReturned(call.name, seconds, left ? 'late' : outcome)
    if (left) this.#countHung(call, place, -1)
    if (left) call.onLate?.(error)
    place.callsOut -= 1
    this.#freeIfDone(place)
  }

  /** Rejects when the call is left: after its deadline, or because the cycle is given up. */
  #leaving(flight: Flight, place: Place): Promise<never> {
    const { call, startedAt, ended } = flight
    return new Promise((_, reject) => {
      const leave = (reason: Error) => {
        if (ended.signal.aborted) return
        flight.left = true
        ended.abort()
        this.#countHung(call, place, 1)
        reject(reason)
      }
      const aborted = () => {
        leave(toError(place.signal.reason))
      }
      place.signal.addEventListener('abort', aborted, { once: true, signal: ended.signal })
      this.#clock.sleepUntil(startedAt + this.#options.callTimeoutSeconds, ended.signal).then(
        () => {
          leave(this.#deadlineError(call.name))
        },
        () => undefined,
      )
    })
  }

  #countHung(call: Call<unknown>, { monitorBound }: Place, change: 1 | -1): void {
    this.#hung += change
    if (monitorBound) this.#monitorHung += change
    if (change === 1) this.#observer.callLeft(call.name, this.#hung)
    this.#admit()
  }

  #deadlineError(name: string): CallError {
    const seconds = this.#options.callTimeoutSeconds
    return new CallError('hung', `${name} did not answer within ${seconds} s and was left`, { call: name })
  }
}
