/** Follows one thing that can be away, so that an outage is one line when it starts and one when it ends. */
export interface Outage {
  /** True for the first failure of an outage only. */
  opens(nowSeconds: number): boolean
  /** The outage's length in seconds when this success ends one, else undefined. */
  closes(nowSeconds: number): number | undefined
  readonly open: boolean
}

/** Times are monotonic seconds. */
export function createOutage(): Outage {
  let since: number | undefined
  return {
    opens(nowSeconds) {
      if (since !== undefined) return false
      since = nowSeconds
      return true
    },
    closes(nowSeconds) {
      if (since === undefined) return undefined
      const seconds = nowSeconds - since
      since = undefined
      return seconds
    },
    get open() {
      return since !== undefined
    },
  }
}
