import type { DestinationError, ErrorCode } from '../errors.js'
import type { Clock } from '../schedule/clock.js'

/** Told when a destination stops taking notifications and when it takes them again. */
export interface DestinationObserver {
  /** Once for an outage; once more for each other kind of fault that follows before it is over. */
  onOutage(error: DestinationError): void
  /** It took a notification again, or was found ready. */
  onRecovered(outage: { readonly seconds: number }): void
  /** It can be reached: told each time a connection to it is made, or once where there are none. */
  onConnected?(): void
  /** It sent a notification back for want of a queue; everything is declared anew and it is sent again. */
  onReturned?(): void
}

/** Makes one outage of many failures. */
export class Outage {
  readonly #observer: DestinationObserver
  readonly #clock: Clock
  #since: number | undefined
  readonly #told = new Set<ErrorCode>()

  constructor(observer: DestinationObserver, clock: Clock) {
    this.#observer = observer
    this.#clock = clock
  }

  begin(error: DestinationError): void {
    this.#since ??= this.#clock.now().monotonicSeconds
    if (this.#told.has(error.code)) return
    this.#told.add(error.code)
    this.#observer.onOutage(error)
  }

  end(): void {
    if (this.#since === undefined) return
    const seconds = this.#clock.now().monotonicSeconds - this.#since
    this.#since = undefined
    this.#told.clear()
    this.#observer.onRecovered({ seconds })
  }
}
