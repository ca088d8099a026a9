export interface BackOffOptions {
  readonly firstSeconds: number
  /** What each further failure adds. */
  readonly stepSeconds: number
  readonly maxSeconds: number
  /** From 0 up to 1, as Math.random. */
  readonly random: () => number
}

/**
 * How long to wait after each failure in a row: as oslo.messaging's `rabbit_retry_interval`, `_backoff` and
 * `_interval_max`, so 1, 3, 5, … 30 seconds. The last quarter of each is left to chance, so that the agents of a cloud
 * do not come back all at once.
 */
export class BackOff {
  readonly #options: BackOffOptions
  #failures = 0

  constructor(options: BackOffOptions) {
    this.#options = options
  }

  /** Seconds to wait after one more failure. */
  next(): number {
    const { firstSeconds, stepSeconds, maxSeconds, random } = this.#options
    const seconds = Math.min(firstSeconds + stepSeconds * this.#failures, maxSeconds)
    this.#failures += 1
    return seconds * (0.75 + random() / 4)
  }

  /** It worked: the next failure is the first again. */
  reset(): void {
    this.#failures = 0
  }
}
