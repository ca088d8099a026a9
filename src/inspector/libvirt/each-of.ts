/** Enough to keep every place of the gate busy; how many calls are out at a time is for the gate to say. */
const atOnce = 8

/** Works on all items, a few at a time, in their order. Rejects with the first failure and starts no more then. */
export async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = items.values()
  let failed = false
  const lane = async () => {
    for (const item of left) {
      if (failed) return
      try {
        await work(item)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, lane))
}
