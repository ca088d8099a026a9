/** What can go wrong, by whom it happens to. Each of these has one fault at a time; those of different ones overlap. */
export const faults = {
  guests: [
    'guest stopped',
    'four guests stopped',
    'guest killed',
    'guest destroyed',
    'stopped guest destroyed',
    'guest comes and goes',
  ],
  libvirtd: ['libvirtd killed', 'libvirtd restarted', 'libvirtd stopped'],
  broker: [
    'broker killed',
    'broker restarted',
    'broker out of memory',
    'connections closed by the broker',
    'connection cut',
    'connection silent',
  ],
  agent: ['agent killed', 'agent ended', 'agent stopped', 'queue deleted'],
} as const

export type Sufferer = keyof typeof faults
export type FaultName = (typeof faults)[Sufferer][number]

export const sufferers = Object.keys(faults) as Sufferer[]

/** Seconds from the mending of one fault to the next: long enough that most cycles have a host that is well. */
const gaps: Readonly<Record<Sufferer, readonly [least: number, most: number]>> = {
  guests: [2, 10],
  libvirtd: [8, 30],
  broker: [2, 10],
  agent: [4, 20],
}

/** One fault that is to be made. */
export interface PlannedFault {
  readonly fault: FaultName
  /** After the one before is mended. */
  readonly gapSeconds: number
  /** From the fault to its mending. */
  readonly holdSeconds: number
  /** From 0 up to 1: chooses whom it happens to, or how. */
  readonly choice: number
}

/** Numbers from 0 up to 1 that follow from the seed alone (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/**
 * The faults of one sufferer without end, in an order that follows from the seed alone. Every fault comes once before
 * any comes again.
 */
export function* plannedFaults(seed: number, sufferer: Sufferer): Generator<PlannedFault, never> {
  const random = seeded(seed * sufferers.length + sufferers.indexOf(sufferer))
  const between = (least: number, most: number) => least + random() * (most - least)
  for (;;) {
    const bag: FaultName[] = [...faults[sufferer]]
    while (bag.length > 0) {
      const [fault] = bag.splice(Math.floor(random() * bag.length), 1) as [FaultName]
      yield { fault, gapSeconds: between(...gaps[sufferer]), holdSeconds: between(1, 12), choice: random() }
    }
  }
}
