import { loadConfiguration, loadSourcesOrShipped, type Configuration } from '../agents/configuration.js'
import type { AgentOptions, Source } from '../config/options.js'
import { unmatchedRemark } from '../config/source-meters.js'
import { AgentError } from '../errors.js'
import { loadBinding } from '../inspector/libvirt/binding.js'
import { pollOnce, type PolledOnce } from '../polling/poll-once.js'
import { systemClock } from '../schedule/clock.js'
import { buildHost } from '../agents/polling.js'
import { exitCodes, type ExitCode } from './exit-codes.js'
import type { CliIo } from './io.js'
import { printable } from './printable.js'
import { printSamples, type SamplesFormat } from './print-samples.js'
import { remarksOf, type FailedRead } from './poll-once-remarks.js'
import { reportError, reportWarnings } from './report-error.js'

export interface PollOnceCommandOptions {
  readonly config?: string
  readonly polling?: string
  readonly connect?: string
  readonly meter: readonly string[]
  readonly instance: readonly string[]
  readonly unmanaged?: boolean
  readonly over?: number
  readonly format?: SamplesFormat
  readonly publish?: boolean
}

/** `poll-once` */
export async function pollOnceCommand(options: PollOnceCommandOptions, io: CliIo): Promise<ExitCode> {
  const stopping = new AbortController()
  const stop = () => {
    stopping.abort(new AgentError('STOPPED', 'stopped by a signal'))
  }
  const unsubscribe = [io.onSignal('SIGINT', stop), io.onSignal('SIGTERM', stop)]
  try {
    return await pollAndPrint(options, io, stopping.signal)
  } catch (error) {
    return reportError(error, io.stderr)
  } finally {
    for (const end of unsubscribe) end()
  }
}

async function pollAndPrint(
  options: PollOnceCommandOptions,
  io: CliIo,
  signal: AbortSignal,
): Promise<ExitCode> {
  const configuration = await loadConfiguration(
    {
      ...{ file: options.config, pollingFile: options.polling, libvirtUri: options.connect },
      unmanaged: options.unmanaged === true ? 'report' : undefined,
    },
    io,
  )
  reportWarnings(configuration.warnings, io.stderr)
  const sources = await sourcesOf(options, configuration, io)
  const unmatched = unmatchedMeters(options.meter, configuration)
  for (const remark of unmatched) io.stderr.write(`${remark}\n`)
  const failures: FailedRead[] = []
  const polled = await poll(options, { configuration, sources, failures, signal })
  const code = await printPolled(polled, {
    format: options.format ?? (io.interactive ? 'table' : 'jsonl'),
    ...{ options: configuration.options, io, failures },
    publish: async () => options.publish !== true || publish(polled, configuration, io, signal),
  })
  return code === exitCodes.ok && unmatched.length > 0 ? exitCodes.partial : code
}

export interface PrintPolledParts {
  readonly format: SamplesFormat
  readonly options: AgentOptions
  readonly io: Pick<CliIo, 'stdout' | 'stderr'>
  readonly failures: readonly FailedRead[]
  /** Resolves with whether every sample went where it is to go. */
  readonly publish: () => Promise<boolean>
}

/**
 * Prints the samples of a poll, what there is to say about it, and the error that it was lost in part by. Rejects with
 * that error when the poll gave nothing, and with what `publish` rejects with.
 */
export async function printPolled(polled: PolledOnce, parts: PrintPolledParts): Promise<ExitCode> {
  const { format, options, io, failures, publish } = parts
  const { error } = polled.report
  if (error !== undefined && polled.samples.length === 0) throw error
  await printSamples(polled.samples, format, { options, stdout: io.stdout })
  const { text, partial } = remarksOf(polled, failures)
  io.stderr.write(text)
  const lost = error === undefined ? undefined : reportError(error, io.stderr)
  const delivered = await publish()
  if (lost !== undefined) return lost
  return partial || !delivered ? exitCodes.partial : exitCodes.ok
}

async function sourcesOf(
  { meter }: PollOnceCommandOptions,
  configuration: Configuration,
  io: CliIo,
): Promise<readonly Source[]> {
  if (meter.length > 0) {
    return [{ name: 'poll-once', schedule: { kind: 'interval', seconds: 1 }, meters: meter, discovery: [] }]
  }
  const { sources, warnings } = await loadSourcesOrShipped(configuration, io)
  reportWarnings(warnings, io.stderr)
  return sources
}

/** One message for each --meter that selects no meter, or excludes none. */
function unmatchedMeters(patterns: readonly string[], { pollsters, options }: Configuration): string[] {
  const meters = pollsters.map(({ meter, computed = false }) => ({ meter, computed }))
  const known = { meters, computedMeters: options.polling.computedMeters }
  return patterns.flatMap((pattern) => {
    const remark = unmatchedRemark(pattern, known)
    return remark === undefined ? [] : [`--meter ${printable(pattern)}: ${remark}`]
  })
}

async function publish(
  polled: PolledOnce,
  { options }: Configuration,
  io: CliIo,
  signal: AbortSignal,
): Promise<boolean> {
  const { publishOnce } = await import('./publish-once.js')
  return publishOnce(polled, options, io, signal)
}

interface PollParts {
  readonly configuration: Configuration
  readonly sources: readonly Source[]
  /** Filled with what libvirt answered with an error. */
  readonly failures: FailedRead[]
  readonly signal: AbortSignal
}

async function poll(
  options: PollOnceCommandOptions,
  { configuration, sources, failures, signal }: PollParts,
): Promise<PolledOnce> {
  const quiet = () => undefined
  const host = buildHost(configuration.options, {
    clock: systemClock,
    binding: await loadBinding(),
    inspectorObserver: {
      ...{ callReturned: quiet, callLeft: quiet, connectionLost: quiet, connected: quiet },
      ...{ domainStuck: quiet, domainRecovered: quiet },
      domainFailed: (domain, { message }) => void failures.push({ ...domain, message }),
    },
    logOf: () => ({ debug: quiet, warn: quiet }),
  })
  try {
    return await pollOnce(
      {
        ...host,
        ...{ sources, pollsters: configuration.pollsters, instances: options.instance },
        computedMeters: configuration.options.polling.computedMeters,
        ...(options.over === undefined ? {} : { overSeconds: options.over }),
      },
      signal,
    )
  } finally {
    await host.inspector.close()
  }
}
