import { AgentError, ConfigError, ConnectionError, DestinationError } from '../errors.js'
import type { Finding } from '../config/options.js'
import { exitCodes, type ExitCode } from './exit-codes.js'
import type { Output } from './io.js'

/** How a command ends for an error of that grade, the first that fits. */
const endings: readonly (readonly [grade: typeof AgentError, code: ExitCode])[] = [
  [ConfigError, exitCodes.configuration],
  [ConnectionError, exitCodes.unreachable],
  [DestinationError, exitCodes.unreachable],
  [AgentError, exitCodes.partial],
]

/** Says an error to a person and gives the exit code it calls for. Rethrows what is no AgentError: that is a bug. */
export function reportError(error: unknown, stderr: Output): ExitCode {
  const ending = endings.find(([grade]) => error instanceof grade)
  if (!(error instanceof AgentError) || ending === undefined) throw error
  stderr.write(`${error.message}\n`)
  return ending[1]
}

export function reportWarnings(warnings: readonly Finding[], stderr: Output): void {
  for (const { text } of warnings) stderr.write(`warning: ${text}\n`)
}
