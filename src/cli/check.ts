import { loadConfiguration, loadSources } from '../agents/configuration.js'
import { renderOptions } from '../config/effective.js'
import { shownPath } from '../config/read-file.js'
import type { AgentOptions } from '../config/options.js'
import { assign, scheduleKey, type Assignment } from '../polling/plan.js'
import { exitCodes, type ExitCode } from './exit-codes.js'
import type { CliIo } from './io.js'
import { polledTwiceNotes } from './polled-twice.js'
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
    const { pollsters, options: agentOptions } = configuration
    const assignments = assign(sources.sources, pollsters, agentOptions.polling.computedMeters)
    io.stdout.write(`\n# polled, by ${shownPath(sources.file, io.cwd)}:\n${renderSources(assignments)}`)
    const notes = [...publisherNotes(agentOptions), ...polledTwiceNotes(assignments)]
    io.stderr.write(notes.map((note) => `note: ${note}\n`).join(''))
    return exitCodes.ok
  } catch (error) {
    return reportError(error, io.stderr)
  }
}

/** What each source polls, as comments below the YAML of the options. */
function renderSources(assignments: readonly Assignment[]): string {
  const lines = assignments.map(({ source, pollsters }) => {
    const meters = pollsters.map(({ meter }) => meter).join(', ')
    return `#   ${source.name}, ${scheduleKey(source.schedule)}: ${meters === '' ? 'no meter' : meters}\n`
  })
  return lines.join('')
}

const publicSecret = 'change this for valid signing'

/** What is allowed and yet worth knowing before one relies on it. */
function publisherNotes({ publishers }: AgentOptions): readonly string[] {
  const notes = [...durabilityNotes(publishers)]
  const unproved = publishers.filter(({ telemetrySecret }) => telemetrySecret === publicSecret)
  if (unproved.length > 0)
    notes.push(
      `publisher.telemetry_secret is the well-known default for ${unproved.map(({ driver }) => driver).join(', ')}, so ` +
        'signatures prove nothing; set that of the consumers',
    )
  return notes
}
