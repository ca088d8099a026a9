/** A figure with the interval that holds it with 95 % probability. */
export interface Estimate {
  readonly value: number
  readonly low: number
  readonly high: number
}

/** The same round's figure of two subjects: `[numerator, denominator]`. */
export type Pair = readonly [number, number]

const resamples = 4000

/** The middle of the values; of an even number, the mean of the two in the middle. NaN of none. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** The value that this share (0 to 1) of all stays below, between two values by their distance. NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort()
  const place = (sorted.length - 1) * share
  const below = sorted[Math.floor(place)] ?? NaN
  const above = sorted[Math.ceil(place)] ?? NaN
  return below + (above - below) * (place - Math.floor(place))
}

/** Median with its interval, by the percentile bootstrap over rounds. */
export function medianOf(rounds: readonly number[]): Estimate {
  return bootstrap(rounds, median)
}

/**
 * Ratio of the two medians with its interval, by the percentile bootstrap over rounds: a round is drawn with both its
 * figures, so that what slowed the machine in it counts for both.
 */
export function ratioOfMedians(rounds: readonly Pair[]): Estimate {
  return bootstrap(rounds, (drawn) => median(drawn.map(([of]) => of)) / median(drawn.map(([, to]) => to)))
}

/** What one more instance costs: the slope of the least squares line through `[size, figure]`. */
export function growth(points: readonly Pair[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const size = mean(points.map(([x]) => x))
  const figure = mean(points.map(([, y]) => y))
  const covariance = points.reduce((sum, [x, y]) => sum + (x - size) * (y - figure), 0)
  return covariance / points.reduce((sum, [x]) => sum + (x - size) ** 2, 0)
}

function bootstrap<T>(rounds: readonly T[], statistic: (drawn: readonly T[]) => number): Estimate {
  const random = sequence(rounds.length)
  const drawn = Array.from({ length: resamples }, () =>
    statistic(rounds.map(() => rounds[Math.floor(random() * rounds.length)] as T)),
  )
  return { value: statistic(rounds), low: quantile(drawn, 0.025), high: quantile(drawn, 0.975) }
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32), so that a report can be computed again. */
function sequence(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
