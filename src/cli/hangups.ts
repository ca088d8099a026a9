import type { CliIo } from './io.js'

/** Hands every SIGHUP from now on to the listener, those that came before as one. */
export type OnHangup = (listener: () => void) => void

/** Hears SIGHUP before there is anything to reload: by itself it ends a process that is still starting. */
export function hearHangups(io: Pick<CliIo, 'onSignal'>): OnHangup {
  let early = false
  let deliver = (): void => {
    early = true
  }
  io.onSignal('SIGHUP', () => {
    deliver()
  })
  return (listener) => {
    deliver = listener
    if (early) listener()
  }
}
