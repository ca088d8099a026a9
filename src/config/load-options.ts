import { dirname, resolve } from 'node:path'
import { effectiveOptions } from './effective.js'
import type { EffectiveOption } from './effective.js'
import { deepFreeze } from './freeze.js'
import type { AgentOptions, Finding } from './options.js'
import { readTextFile, shownPath } from './read-file.js'
import { resolveSettings } from './resolve-settings.js'
import type { JudgeTransportUrl, Overrides } from './resolve-settings.js'
import { readSettings } from './settings.js'
import { toAgentOptions } from './to-agent-options.js'
import { decodeYaml, readYamlFile } from './yaml-file.js'
import type { YamlFile } from './yaml-file.js'

/** What a command asks for; paths as the person typed them. */
export interface OptionsRequest extends Overrides {
  /** `--config`. Without it, the default file is read if there is one. */
  readonly file?: string | undefined
}

/** What the process knows of itself. */
export interface Environment {
  /** Paths of the request start here, and messages show files relative to it. */
  readonly cwd: string
  /** The host name of the operating system. */
  readonly hostName: string
  /** Default /etc/virtpoll/agent.yaml. */
  readonly defaultFile?: string
  readonly judgeTransportUrl: JudgeTransportUrl
}

export interface LoadedOptions {
  readonly options: AgentOptions
  readonly warnings: readonly Finding[]
  /** For renderOptions. */
  readonly effective: readonly EffectiveOption[]
}

/**
 * Reads agent.yaml: every default filled in, paths absolute (those of the file start from its folder), secrets read
 * from their files, frozen. Without a file all options are defaults.
 *
 * @throws ConfigFileError with everything that is wrong with the file, each at its place, warnings included
 */
export async function loadAgentOptions(
  request: OptionsRequest,
  environment: Environment,
): Promise<LoadedOptions> {
  const { cwd, hostName, judgeTransportUrl } = environment
  const defaultFile = environment.defaultFile ?? '/etc/virtpoll/agent.yaml'
  const found = await findFile(request, defaultFile, cwd)
  const file = found?.yaml ?? decodeYaml({ text: '', mode: 0 }, shownPath(defaultFile, cwd))
  const overrides = absolute(request, cwd)
  const settings = await resolveSettings(readSettings(file), file, {
    folder: dirname(found?.path ?? defaultFile),
    hostName,
    overrides,
    judgeTransportUrl,
  })
  file.faults.throwIfErrors()
  return deepFreeze({
    options: toAgentOptions(found?.path, settings),
    warnings: file.faults.findings,
    effective: effectiveOptions(settings, file, overrides),
  })
}

interface FoundFile {
  readonly path: string
  readonly yaml: YamlFile
}

/** Undefined when nothing was asked for and the default file does not exist. */
async function findFile(
  { file }: OptionsRequest,
  defaultFile: string,
  cwd: string,
): Promise<FoundFile | undefined> {
  const path = file === undefined ? defaultFile : resolve(cwd, file)
  if (file === undefined) {
    const read = await readTextFile(path)
    if ('fault' in read && read.missing) return undefined
  }
  const ifMissing = 'correct --config, or leave it out to go by the defaults'
  return { path, yaml: await readYamlFile({ file: path, shown: shownPath(path, cwd), ifMissing }) }
}

function absolute({ pollingFile, libvirtUri, unmanaged }: OptionsRequest, cwd: string): Overrides {
  return {
    pollingFile: pollingFile === undefined ? undefined : resolve(cwd, pollingFile),
    libvirtUri,
    unmanaged,
  }
}
