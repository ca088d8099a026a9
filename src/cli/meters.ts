import { loadConfiguration } from '../agents/configuration.js'
import { exitCodes, type ExitCode } from './exit-codes.js'
import type { CliIo } from './io.js'
import { renderMeters, type MetersFormat } from './render-meters.js'
import { reportError, reportWarnings } from './report-error.js'

export interface MetersCommandOptions {
  readonly config?: string
  readonly format?: MetersFormat
}

/** `virtpoll meters` */
export async function metersCommand(options: MetersCommandOptions, io: CliIo): Promise<ExitCode> {
  try {
    const { pollsters, warnings } = await loadConfiguration({ file: options.config }, io)
    reportWarnings(warnings, io.stderr)
    io.stdout.write(renderMeters(pollsters, options.format ?? (io.interactive ? 'table' : 'json')))
    return exitCodes.ok
  } catch (error) {
    return reportError(error, io.stderr)
  }
}
