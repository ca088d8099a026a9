import { loadConfiguration, loadSources, type Sources } from '../agents/configuration.js'
import { renderOptions } from '../config/effective.js'
import { shownPath } from '../config/read-file.js'
import type { AgentOptions } from '../config/options.js'
import type { Pollster } from '../pollster/pollster.js'
import { assign, scheduleKey } from '../polling/plan.js'
import { exitCodes, type ExitCode } from './exit-codes.js'
import type { CliIo } from './io.js'
import { durabilityNotes, withTransportUrls } from './queue-options.js'
import { reportError, reportWarnings } from './report-error.js'

export interface CheckCommandOptions {
  readonly config?: string
  readonly polling?: string
}

/** `virtpoll check` */
export async function checkCommand(options: CheckCommandOptions, io: CliIo): Promise<ExitCode> {
  try {
    const configuration = await loadConfiguration({ file: options.config, pollingFile: options.polling }, io)
    reportWarnings(configuration.warnings, io.stderr)
    io.stdout.write(
      renderOptions(withTransportUrls(configuration.effective, configuration.options.publishers)),
    )
    const sources = await loadSources(configuration, io)
    reportWarnings(sources.warnings, io.stderr)
    io.stdout.write(`\n${renderSources(sources, configuration.pollsters, configuration.options, io.cwd)}`)
    io.stderr.write(remarks(configuration.options))
    return exitCodes.ok
  } catch (error) {
    return reportError(error, io.stderr)
  }
}

/** What each source polls, as comments below the YAML of the options. */
function renderSources(
  { file, sources }: Sources,
  pollsters: readonly Pollster[],
  { polling }: AgentOptions,
  cwd: string,
): string {
  const lines = assign(sources, pollsters, polling.computedMeters).map(({ source, pollsters: selected }) => {
    const meters = selected.map(({ meter }) => meter).join(', ')
    return `#   ${source.name}, ${scheduleKey(source.schedule)}: ${meters === '' ? 'no meter' : meters}\n`
  })
  return `# polled, by ${shownPath(file, cwd)}:\n${lines.join('')}`
}

const publicSecret = 'change this for valid signing'

/** What is allowed and yet worth knowing before one relies on it. */
function remarks({ publishers }: AgentOptions): string {
  const remarks = [...durabilityNotes(publishers)]
  const unproved = publishers.filter(({ telemetrySecret }) => telemetrySecret === publicSecret)
  if (unproved.length > 0)
    remarks.push(
      `publisher.telemetry_secret is the well-known default for ${unproved.map(({ driver }) => driver).join(', ')}, so ` +
        'signatures prove nothing; set that of the consumers',
    )
  return remarks.map((remark) => `note: ${remark}\n`).join('')
}
