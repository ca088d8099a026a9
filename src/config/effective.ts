import { dump } from 'js-yaml'
import { isWritten } from './locate.js'
import type { Path } from './locate.js'
import type { Overrides, ResolvedSettings } from './resolve-settings.js'
import { publisherOptions, sections, topOptions } from './schema.js'
import type { Option, Options } from './schema.js'
import { maskTransportUrl } from './secrets.js'
import type { YamlFile } from './yaml-file.js'

/** One option as the agent goes by it, its secret masked. */
export interface EffectiveOption {
  /** `['publisher', 0, 'driver']`; with a single publisher `['publisher', 'driver']`. */
  readonly path: Path
  readonly value: unknown
  /** `default`, `agent.yaml:3:5`, `the command line`, … */
  readonly origin: string
}

/** Every option in the order of the schema, with where it comes from. */
export function effectiveOptions(
  settings: ResolvedSettings,
  { root, faults }: YamlFile,
  overrides: Overrides,
): readonly EffectiveOption[] {
  const isOverridden = overriddenKeys(overrides)
  const table = (options: Options, values: object, prefix: Path): EffectiveOption[] =>
    Object.entries(options).map(([key, option]) => {
      const path = [...prefix, key]
      const value = valueOf(values, key)
      const origin = () => {
        if (isOverridden.has(path.join('.'))) return 'the command line'
        const secretFile = valueOf(values, `${key}_file`)
        if (typeof secretFile === 'string') return secretFile
        if (isWritten(root, path) || isSwitchedOff(option, value))
          return `${faults.file}:${faults.placeOf(path) ?? ''}`
        return key === 'host' ? 'the operating system' : 'default'
      }
      return { path, value: masked(key, option, value), origin: origin() }
    })
  const isList = isWritten(root, ['publisher', 0])
  const publishers = settings.publishers.flatMap((publisher, index) =>
    table(publisherOptions, publisher, isList ? ['publisher', index] : ['publisher']),
  )
  return [
    ...table(topOptions, settings, []),
    ...Object.entries(sections).flatMap(([name, { options }]) =>
      name === 'publisher' ? publishers : table(options, valueOf(settings, name) as object, [name]),
    ),
  ]
}

/** The options as a YAML file with their origins behind them; what `virtpoll check` prints. */
export function renderOptions(options: readonly EffectiveOption[]): string {
  const rows: { text: string; origin?: string }[] = []
  let section: string | undefined
  let item: string | undefined
  for (const { path, value, origin } of options) {
    const [head = '', index] = path
    const key = String(path.at(-1))
    if (path.length > 1 && head !== section) rows.push({ text: `${String(head)}:` })
    section = String(head)
    const isNewItem = typeof index === 'number' && `${section}${index}` !== item
    item = typeof index === 'number' ? `${section}${index}` : undefined
    const indent = '  '.repeat(path.length - 1)
    const lead = isNewItem ? `${indent.slice(2)}- ` : indent
    rows.push({ text: `${lead}${key}: ${dump(value, { flowLevel: 0, lineWidth: -1 }).trimEnd()}`, origin })
  }
  const width = Math.min(60, Math.max(...rows.map(({ text }) => text.length)))
  return rows
    .map(({ text, origin }) => (origin === undefined ? text : `${text.padEnd(width)}  # ${origin}`))
    .join('\n')
    .concat('\n')
}

function overriddenKeys({ pollingFile, libvirtUri, unmanaged }: Overrides): ReadonlySet<string> {
  const given = { 'polling.file': pollingFile, 'libvirt.uri': libvirtUri, 'discovery.unmanaged': unmanaged }
  return new Set(Object.entries(given).flatMap(([key, value]) => (value === undefined ? [] : [key])))
}

/** `http: null` speaks for `http.listen`, which is not written then. */
function isSwitchedOff({ fallback }: Option, value: unknown): boolean {
  return value === null && fallback !== null
}

function masked(key: string, { kind }: Option, value: unknown): unknown {
  if (kind.secret !== true || value === '' || typeof value !== 'string') return value
  return key === 'transport_url' ? maskTransportUrl(value) : '***'
}

function valueOf(values: object, key: string): unknown {
  return Object.hasOwn(values, key) ? (values as Record<string, unknown>)[key] : undefined
}
