import type { LedgerFigures, MissingReason } from './report.js'

/** Books one cycle, so that no sample is lost without a reason. */
export interface Ledger {
  /** Before anything is read: so many samples are promised. */
  expect(count: number): void
  /** So many samples are promised and will not be polled at all. */
  lost(count: number, reason: MissingReason): void
  /** One poll is over: of so many promised samples these were made and these are missing. */
  polled(expected: number, made: number, missing: readonly { readonly reason: MissingReason }[]): void
  /** Samples that were made are in the outbox, but for those it refused. */
  handedOver(samples: number, refused: number): void
  /** Whatever is promised and not booked yet is missing for this reason. */
  giveUp(reason: MissingReason): void
  readonly figures: LedgerFigures
}

export function createLedger(): Ledger {
  const missing: Partial<Record<MissingReason, number>> = {}
  let expected = 0
  let produced = 0
  let unaccounted = 0
  let unpolled = 0
  let onTheWay = 0
  const miss = (reason: MissingReason, count: number): void => {
    if (count > 0) missing[reason] = (missing[reason] ?? 0) + count
  }
  return {
    expect(count) {
      expected += count
      unpolled += count
    },
    lost(count, reason) {
      expected += count
      miss(reason, count)
    },
    polled(promised, made, absent) {
      unpolled -= promised
      onTheWay += made
      for (const { reason } of absent) miss(reason, 1)
      unaccounted += Math.abs(promised - made - absent.length)
    },
    handedOver(samples, refused) {
      onTheWay -= samples + refused
      produced += samples
      miss('failed', refused)
    },
    giveUp(reason) {
      miss(reason, unpolled + onTheWay)
      unpolled = 0
      onTheWay = 0
    },
    get figures() {
      return { expected, produced, missing: { ...missing }, unaccounted }
    },
  }
}
