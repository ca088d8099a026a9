import { eachDropReason, type DestinationFigures, type DropReason, type Quantity } from './publisher.js'

const nothing: Quantity = { notifications: 0, samples: 0 }

const plusOne = ({ notifications, samples }: Quantity, sampleCount: number): Quantity => ({
  notifications: notifications + 1,
  samples: samples + sampleCount,
})

const plus = (left: Quantity, right: Quantity): Quantity => ({
  notifications: left.notifications + right.notifications,
  samples: left.samples + right.samples,
})

const minus = (left: Quantity, right: Quantity): Quantity => ({
  notifications: left.notifications - right.notifications,
  samples: left.samples - right.samples,
})

/** Keeps a destination's figures, so that nothing put in goes uncounted: what is neither confirmed nor dropped is queued. */
export class DestinationAccount {
  readonly #name: string
  #put = nothing
  #recovered = nothing
  #confirmed = nothing
  readonly #dropped = eachDropReason(() => nothing)

  constructor(name: string) {
    this.#name = name
  }

  countPut(sampleCount: number): void {
    this.#put = plusOne(this.#put, sampleCount)
  }

  countRecovered(sampleCount: number): void {
    this.#recovered = plusOne(this.#recovered, sampleCount)
  }

  countConfirmed(sampleCount: number): void {
    this.#confirmed = plusOne(this.#confirmed, sampleCount)
  }

  countDropped(sampleCount: number, reason: DropReason): void {
    this.#dropped[reason] = plusOne(this.#dropped[reason], sampleCount)
  }

  get figures(): Omit<DestinationFigures, 'oldestAgeSeconds'> {
    const dropped = { ...this.#dropped }
    const owed = minus(plus(this.#put, this.#recovered), this.#confirmed)
    const queued = Object.values(dropped).reduce(minus, owed)
    return { name: this.#name, queued, recovered: this.#recovered, confirmed: this.#confirmed, dropped }
  }
}
