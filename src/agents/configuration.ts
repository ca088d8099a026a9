import { join } from 'node:path'
import type { AgentOptions, Finding, Source } from '../config/options.js'
import type { EffectiveOption } from '../config/effective.js'
import { loadAgentOptions, type OptionsRequest } from '../config/load-options.js'
import { loadPollingFile } from '../config/polling-file.js'
import { readTextFile } from '../config/read-file.js'
import { didYouMean } from '../config/suggest.js'
import { loadPollsters } from '../pollster/load.js'
import type { Pollster } from '../pollster/pollster.js'
import { judgeTransportUrl } from '../publish/transport-url.js'

/** What the process knows of itself and of where it is installed. */
export interface Surroundings {
  readonly cwd: string
  /** The operating system's name of this machine. */
  readonly hostName: string
  /** The folder of this package; holds `config/polling.yaml`. */
  readonly packageFolder: string
  readonly version: string
  /** A folder for what outlives the process and not the host; undefined when nobody gave one. */
  readonly runtimeFolder?: string | undefined
}

/** Everything that files say, checked. */
export interface Configuration {
  readonly options: AgentOptions
  /** For renderOptions. */
  readonly effective: readonly EffectiveOption[]
  readonly pollsters: readonly Pollster[]
  readonly warnings: readonly Finding[]
}

/** The discoveries that polling.yaml and pollsters may name. */
export const discoveryNames = ['local_instances', 'local_node'] as const

function discoveryFault(name: string): string | undefined {
  const known: readonly string[] = discoveryNames
  if (known.includes(name)) return undefined
  const hint = didYouMean(name, known) || `; there are: ${known.join(', ')}`
  return `no discovery is called ${JSON.stringify(name)}${hint}`
}

/** Reads agent.yaml and the pollster files it names. Rejects with a ConfigError. */
export async function loadConfiguration(
  request: OptionsRequest,
  { cwd, hostName }: Surroundings,
): Promise<Configuration> {
  const { options, warnings, effective } = await loadAgentOptions(request, {
    cwd,
    hostName,
    judgeTransportUrl,
  })
  const pollsters = await loadPollsters({ files: options.polling.pollsters, discoveryFault })
  return { options, effective, pollsters, warnings }
}

export interface Sources {
  readonly file: string
  readonly sources: readonly Source[]
  readonly warnings: readonly Finding[]
}

/** Reads the polling.yaml of a configuration. Rejects with a ConfigError. */
export function loadSources(
  { options, pollsters }: Configuration,
  { cwd }: Pick<Surroundings, 'cwd'>,
  file = options.polling.file,
): Promise<Sources> {
  const { computedMeters, scheduleTimezone } = options.polling
  const meters = pollsters.map(({ meter, computed = false }) => ({ meter, computed }))
  const known = { meters, computedMeters, discoveries: discoveryNames, scheduleTimezone }
  return loadPollingFile({ file, cwd, known })
}

/**
 * As loadSources, but on a host that has neither an agent.yaml nor a polling.yaml it reads the polling.yaml that
 * comes with the package, so that one can poll before anything is configured.
 */
export async function loadSourcesOrShipped(
  configuration: Configuration,
  surroundings: Surroundings,
): Promise<Sources> {
  const { file, polling } = configuration.options
  const configured = file !== undefined || configuration.effective.some(isGivenPollingFile)
  const read = configured ? undefined : await readTextFile(polling.file)
  const absent = read !== undefined && 'fault' in read && read.missing
  const shipped = join(surroundings.packageFolder, 'config', 'polling.yaml')
  return loadSources(configuration, surroundings, absent ? shipped : polling.file)
}

function isGivenPollingFile({ path, origin }: EffectiveOption): boolean {
  return path.join('.') === 'polling.file' && origin !== 'default'
}
