/** Lives for one polling cycle and is then dropped whole: nothing in it expires. */
export interface CycleCache {
  /**
   * The first caller of a key runs `produce`; everyone else in the cycle gets the same promise. A failure is kept
   * too, so that what is down is asked once a cycle.
   */
  readonly once: <T>(key: string, produce: () => Promise<T>) => Promise<T>
}

export function createCycleCache(): CycleCache {
  const kept = new Map<string, Promise<unknown>>()
  return {
    once<T>(key: string, produce: () => Promise<T>): Promise<T> {
      const known = kept.get(key)
      if (known !== undefined) return known as Promise<T>
      // Also a `produce` that throws before it gives a promise is a failure to keep.
      const produced = Promise.resolve().then(produce)
      kept.set(key, produced)
      return produced
    },
  }
}
