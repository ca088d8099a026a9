/**
 * What the promise gives, or the signal's reason if that comes first. The work itself goes on; its late failure is
 * nobody's then.
 */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  work.catch(() => undefined)
  signal.throwIfAborted()
  let giveUp: (() => void) | undefined
  const aborted = new Promise<never>((_resolve, reject) => {
    giveUp = () => {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- a reason is whatever was given
      reject(signal.reason)
    }
    signal.addEventListener('abort', giveUp, { once: true })
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    if (giveUp !== undefined) signal.removeEventListener('abort', giveUp)
  }
}
