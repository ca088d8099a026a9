/** How a command ends; scripts rely on it (sysexits.h for the last two). */
export const exitCodes = {
  ok: 0,
  /** Something is missing that should be there: a stuck or failed figure, an option that matched nothing, a sample not delivered. */
  partial: 1,
  usage: 2,
  /** libvirt or the broker is out of reach. */
  unreachable: 69,
  /** A configuration file cannot be used. */
  configuration: 78,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]
