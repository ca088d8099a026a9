import { loadConfiguration, loadSources, type Configuration } from '../agents/configuration.js'
import { startAgent, type RunningAgent } from '../agents/run.js'
import { exitCodes, type ExitCode } from './exit-codes.js'
import type { OnHangup } from './hangups.js'
import type { CliIo } from './io.js'
import { reportError } from './report-error.js'
import { createLogger, type Logger } from '../observe/log.js'
import { AgentError } from '../errors.js'
import type { Finding } from '../config/options.js'

export interface AgentCommandOptions {
  readonly config?: string
}

/** `virtpoll agent`: resolves when the agent has stopped. */
export async function agentCommand(
  options: AgentCommandOptions,
  io: CliIo,
  onHangup: OnHangup,
): Promise<ExitCode> {
  try {
    const configuration = await loadConfiguration({ file: options.config }, io)
    const { sources, warnings, file } = await loadSources(configuration, io)
    const log = await createLogger(configuration.options.log, io.stderr)
    logWarnings([...configuration.warnings, ...warnings], log)
    const agent = await startAgent({ configuration, sources, log, ...io })
    log.info({ version: io.version, uri: configuration.options.libvirt.uri, polling: file }, 'agent started')
    return await untilStopped(agent, { configuration, io, log, onHangup })
  } catch (error) {
    return reportError(error, io.stderr)
  }
}

interface RunningParts {
  readonly configuration: Configuration
  readonly io: CliIo
  readonly log: Logger
  readonly onHangup: OnHangup
}

/** SIGTERM or SIGINT stops politely, a second one at once; SIGHUP reads polling.yaml again. Rejects for a bug in that. */
async function untilStopped(agent: RunningAgent, parts: RunningParts): Promise<ExitCode> {
  const { io, log } = parts
  let signals = 0
  const atOnce = new Promise<ExitCode>((resolve) => {
    const onStop = () => {
      signals += 1
      if (signals > 1) resolve(exitCodes.partial)
      else {
        log.info('stopping')
        agent.stop()
      }
    }
    io.onSignal('SIGTERM', onStop)
    io.onSignal('SIGINT', onStop)
  })
  let reloads = Promise.resolve()
  const failure = new Promise<never>((_resolve, reject) => {
    parts.onHangup(() => {
      // One after the other, so that the file as it was last is in force.
      reloads = reloads.then(() => reload(agent, parts))
      reloads.catch(reject)
    })
  })
  const politely = agent.stopped.then((): ExitCode => {
    log.info('agent stopped')
    return exitCodes.ok
  })
  return Promise.race([politely, atOnce, failure])
}

async function reload(agent: RunningAgent, { configuration, io, log }: RunningParts): Promise<void> {
  try {
    const { sources, warnings, file } = await loadSources(configuration, io)
    logWarnings(warnings, log)
    agent.reload(sources)
    log.info({ polling: file, sources: sources.length }, 'polling.yaml read again')
  } catch (error) {
    if (!(error instanceof AgentError)) throw error
    agent.reloadRefused()
    log.error({ err: error }, 'polling.yaml cannot be used; the old one stays in force')
  }
}

function logWarnings(warnings: readonly Finding[], log: Logger): void {
  for (const { text } of warnings) log.warn(text)
}
