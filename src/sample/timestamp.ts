/**
 * A wall time as Python's `datetime.utcnow().isoformat()` has it: `2026-11-21T08:08:24.123000`, UTC without a zone,
 * microseconds, and no fraction at all when they are 0.
 *
 * @param wallMs milliseconds since the Unix epoch; a fraction is kept to the microsecond.
 */
export function isoTimestamp(wallMs: number): string {
  const totalMicroseconds = Math.round(wallMs * 1000)
  const microseconds = ((totalMicroseconds % 1_000_000) + 1_000_000) % 1_000_000
  const second = new Date((totalMicroseconds - microseconds) / 1000).toISOString().slice(0, -'.000Z'.length)
  return microseconds === 0 ? second : `${second}.${String(microseconds).padStart(6, '0')}`
}

/** The same as `str(datetime)` has it, with a blank in place of the `T`. */
export function blankTimestamp(wallMs: number): string {
  return isoTimestamp(wallMs).replace('T', ' ')
}
