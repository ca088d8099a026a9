import { resolve } from 'node:path'
import { reportSameDestinations } from './destinations.js'
import type { Faults } from './faults.js'
import type { Path } from './locate.js'
import { readSecretFile } from './secrets.js'
import type { Settings } from './settings.js'
import { isWritten } from './locate.js'
import { publisherOptions } from './schema.js'
import type { YamlFile } from './yaml-file.js'

/** What a command says over the file. */
export interface Overrides {
  /** `--polling`, absolute. */
  readonly pollingFile?: string | undefined
  /** `--connect`. */
  readonly libvirtUri?: string | undefined
  /** `--unmanaged`. */
  readonly unmanaged?: 'skip' | 'report' | undefined
}

export interface Surroundings {
  /** The folder that relative paths of the file start from: its own. */
  readonly folder: string
  /** The host name of the operating system. */
  readonly hostName: string
  readonly overrides: Overrides
  readonly judgeTransportUrl: JudgeTransportUrl
}

/** Settings whose paths are absolute, whose secrets are read and whose host has a name. */
export type ResolvedSettings = Settings & { readonly host: string }

type PublisherSettings = Settings['publishers'][number]

/** Fills in what the file refers to, and checks what options mean together. Faults are in the file's `faults`. */
export async function resolveSettings(
  settings: Settings,
  file: YamlFile,
  surroundings: Surroundings,
): Promise<ResolvedSettings> {
  const { folder, hostName, overrides } = surroundings
  const { libvirt, discovery, polling, outbox } = settings
  const isList = isWritten(file.root, ['publisher', 0])
  const pathOf = (index: number): Path => (isList ? ['publisher', index] : ['publisher'])
  const publishers = await Promise.all(
    settings.publishers.map((publisher, index) =>
      resolvePublisher(publisher, pathOf(index), file, surroundings),
    ),
  )
  reportSameDestinations(publishers, pathOf, file.faults, surroundings.judgeTransportUrl)
  return {
    ...settings,
    host: settings.host ?? hostName,
    libvirt: { ...libvirt, uri: overrides.libvirtUri ?? libvirt.uri },
    discovery: { ...discovery, unmanaged: overrides.unmanaged ?? discovery.unmanaged },
    polling: {
      ...polling,
      file: overrides.pollingFile ?? resolve(folder, polling.file),
      pollsters: polling.pollsters.map((pollster) => resolve(folder, pollster)),
    },
    outbox: { ...outbox, directory: resolve(folder, outbox.directory) },
    publishers,
  }
}

async function resolvePublisher(
  settings: PublisherSettings,
  path: Path,
  file: YamlFile,
  { folder, judgeTransportUrl }: Surroundings,
): Promise<PublisherSettings> {
  const { faults } = file
  const inFolder = (name: string | null) => (name === null ? null : resolve(folder, name))
  const publisher = {
    ...settings,
    transport_url_file: inFolder(settings.transport_url_file),
    telemetry_secret_file: inFolder(settings.telemetry_secret_file),
    path: inFolder(settings.path),
  }
  for (const key of ['transport_url', 'telemetry_secret'] as const) reportBoth(publisher, key, path, file)
  const resolved = {
    ...publisher,
    transport_url: await secretOf(publisher, 'transport_url', path, faults),
    telemetry_secret: await secretOf(publisher, 'telemetry_secret', path, faults),
  }
  for (const key of ['transport_url', 'telemetry_secret'] as const) warnIfOpen(publisher, key, path, file)
  checkDriver(resolved, path, faults, judgeTransportUrl)
  return resolved
}

/** What there is to say of a transport URL, without naming a secret. */
export type JudgeTransportUrl = (url: string) => {
  /** Why it cannot be used. */
  readonly fault: string | undefined
  /** One text for URLs of the same broker and virtual host; undefined where they are not known. */
  readonly broker?: string | undefined
  readonly warnings: readonly string[]
}

type SecretKey = 'transport_url' | 'telemetry_secret'

function reportBoth(
  publisher: PublisherSettings,
  key: SecretKey,
  path: Path,
  { root, faults }: YamlFile,
): void {
  if (publisher[`${key}_file`] === null || !isWritten(root, [...path, key])) return
  faults.error({ path: [...path, `${key}_file`], at: 'key', text: `stands beside ${key}; keep one of them` })
}

async function secretOf(
  publisher: PublisherSettings,
  key: SecretKey,
  path: Path,
  faults: Faults,
): Promise<string> {
  const secretFile = publisher[`${key}_file`]
  if (secretFile === null) return publisher[key]
  return (await readSecretFile(secretFile, { path: [...path, `${key}_file`], faults })) ?? publisher[key]
}

/** A secret written into a file that everybody can read. A URL without a login is none, nor is a well-known default. */
function warnIfOpen(
  publisher: PublisherSettings,
  key: SecretKey,
  path: Path,
  { root, faults, mode }: YamlFile,
): void {
  if (!isWritten(root, [...path, key]) || (mode & 0o004) === 0) return
  const value = publisher[key]
  const isPublic = value === '' || value === publisherOptions[key].fallback
  if (isPublic || (key === 'transport_url' && !value.includes('@'))) return
  const text = `everybody can read this secret; chmod o-r ${faults.file}, or keep it in a file that ${key}_file names`
  faults.warning({ path: [...path, key], text })
}

function checkDriver(
  { driver, path: output, ...publisher }: PublisherSettings,
  path: Path,
  faults: Faults,
  judgeTransportUrl: JudgeTransportUrl,
): void {
  if (driver === 'file' && output === null) {
    faults.error({ path, text: 'the driver file needs a path; add path: samples.jsonl, for example' })
  }
  if (driver !== 'messaging' && driver !== 'messagingv2') return
  const { fault, warnings } = judgeTransportUrl(publisher.transport_url)
  const key = publisher.transport_url_file === null ? 'transport_url' : 'transport_url_file'
  if (fault !== undefined) faults.error({ path: [...path, key], text: fault })
  for (const text of warnings) faults.warning({ path: [...path, key], text })
}
