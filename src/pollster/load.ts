import { readdir } from 'node:fs/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { ConfigError, toError } from '../errors.js'
import { checkModule, type DiscoveryFault } from './check-module.js'
import * as door from './index.js'
import type { Pollster, PollsterModule } from './pollster.js'

/**
 * What a pollster file may export by default: the module, or a function that is handed everything that
 * `virtpoll/pollster` exports and gives the module. The function is the way for a file outside the package, where
 * the name `virtpoll/pollster` leads nowhere.
 */
export type PollsterFile =
  PollsterModule | ((exports: typeof door) => PollsterModule | Promise<PollsterModule>)

/** The folder of the meters that come with the agent, beside `src/` in the sources as in a build. */
export const builtInPollsters = new URL('../../pollsters/', import.meta.url)

export interface PollsterFiles {
  /** A folder, all of whose modules are loaded; default the built-in one. */
  readonly folder?: URL
  /** Absolute paths of users' files. */
  readonly files: readonly string[]
  /** Default: every name is that of a discovery. */
  readonly discoveryFault?: DiscoveryFault
}

/**
 * Imports pollster files and checks them: the built-in ones by name, then the users' in the order given. Rejects with
 * a ConfigError POLLSTER_INVALID that names the file when one cannot be imported, has not the shape or names an unknown
 * discovery, or both files when two have a pollster for one meter.
 */
export async function loadPollsters(from: PollsterFiles): Promise<readonly Pollster[]> {
  const builtIn = await modulesOf(from.folder ?? builtInPollsters)
  const discoveryFault = from.discoveryFault ?? (() => undefined)
  const urls = [...builtIn, ...from.files.map((file) => pathToFileURL(file))]
  const owners = new Map<string, string>()
  const pollsters: Pollster[] = []
  for (const url of urls) {
    const file = fileURLToPath(url)
    for (const pollster of (await load(url, discoveryFault)).pollsters) {
      claim(owners, pollster.meter, file)
      pollsters.push(pollster)
    }
  }
  return pollsters
}

async function modulesOf(folder: URL): Promise<URL[]> {
  const names = await readdir(folder)
  return names
    .filter((name) => /\.[jt]s$/.test(name) && !name.endsWith('.d.ts'))
    .sort()
    .map((name) => new URL(name, folder))
}

async function load(url: URL, discoveryFault: DiscoveryFault): Promise<PollsterModule> {
  const file = fileURLToPath(url)
  let exported: unknown
  try {
    exported = ((await import(url.href)) as { readonly default?: unknown }).default
    if (typeof exported === 'function') exported = await (exported as (exports: typeof door) => unknown)(door)
  } catch (thrown) {
    const cause = toError(thrown)
    throw new ConfigError('POLLSTER_INVALID', `pollster file ${file} cannot be loaded: ${cause.message}`, {
      details: { file },
      cause,
    })
  }
  return checkModule(file, exported, discoveryFault)
}

function claim(owners: Map<string, string>, meter: string, file: string): void {
  const owner = owners.get(meter)
  if (owner !== undefined)
    throw new ConfigError(
      'POLLSTER_INVALID',
      `the meter ${meter} has two pollsters, in ${owner} and in ${file}; give one of them another name`,
      { details: { meter, file, other: owner } },
    )
  owners.set(meter, file)
}
