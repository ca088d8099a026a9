import { ConfigError } from '../errors.js'
import type { StatsGroup } from '../inspector/inspector.js'
import type { PollsterModule } from './pollster.js'

const groups: readonly StatsGroup[] = [
  'state',
  'cpu',
  'vcpu',
  'balloon',
  'interface',
  'block',
  'perf',
  'diskInfo',
]

type Check = readonly [field: string, expected: string, fits: (value: unknown) => boolean]

const isText = (value: unknown): boolean => typeof value === 'string'
const isOneOf =
  (...values: readonly unknown[]) =>
  (value: unknown): boolean =>
    values.includes(value)
const orNone =
  (fits: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    value === undefined || fits(value)

const meterName = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/

const checks: readonly Check[] = [
  [
    'meter',
    'words of letters, digits, "_" and "-" joined by dots, for example "guest.uptime"',
    (value) => typeof value === 'string' && meterName.test(value) && value.length <= 255,
  ],
  ['unit', 'a text, may be empty', isText],
  ['type', '"gauge", "cumulative" or "delta"', isOneOf('gauge', 'cumulative', 'delta')],
  ['number', '"int" or "float"', isOneOf('int', 'float')],
  ['description', 'one sentence', (value) => typeof value === 'string' && value.trim() !== ''],
  [
    'needs',
    `a list of statistics groups (${groups.join(', ')}), may be empty`,
    (value) => Array.isArray(value) && value.every(isOneOf(...groups)),
  ],
  ['per', '"instance", "disk", "vnic" or "resource"', isOneOf('instance', 'disk', 'vnic', 'resource')],
  ['discovery', 'the name of a discovery, or none', orNone((value) => isText(value) && value !== '')],
  ['computed', 'true, false or none', orNone((value) => typeof value === 'boolean')],
  ['poll', 'a function', (value) => typeof value === 'function'],
]

/** What is wrong with the name of a discovery; undefined when there is such a one. */
export type DiscoveryFault = (name: string) => string | undefined

/** The module that a pollster file gave, if it has the shape; else a ConfigError that names file, place and remedy. */
export function checkModule(file: string, value: unknown, discoveryFault: DiscoveryFault): PollsterModule {
  if (!isObject(value))
    throw invalid(
      file,
      'its default export must be { apiVersion: 1, pollsters: [...] } or a function that gives it',
    )
  if (value['apiVersion'] !== 1)
    throw invalid(
      file,
      `apiVersion must be 1, the only one that this release knows, but is ${shown(value['apiVersion'])}`,
    )
  const { pollsters } = value
  if (!Array.isArray(pollsters)) throw invalid(file, `pollsters must be a list, but is ${shown(pollsters)}`)
  pollsters.forEach((pollster: unknown, index) => {
    checkPollster(file, `pollsters[${index}]`, pollster)
  })
  const checked = pollsters as PollsterModule['pollsters']
  for (const [index, { meter, discovery }] of checked.entries()) {
    const fault = discovery === undefined ? undefined : discoveryFault(discovery)
    if (fault !== undefined)
      throw invalid(file, `pollsters[${index}].discovery of the meter ${meter}: ${fault}`)
  }
  return { apiVersion: 1, pollsters: checked }
}

function checkPollster(file: string, place: string, pollster: unknown): void {
  if (!isObject(pollster)) throw invalid(file, `${place} must be a pollster, but is ${shown(pollster)}`)
  const wrong = checks.find(([field, , fits]) => !fits(pollster[field]))
  if (wrong === undefined) return
  const [field, expected] = wrong
  throw invalid(file, `${place}.${field} must be ${expected}, but is ${shown(pollster[field])}`)
}

function invalid(file: string, what: string): ConfigError {
  return new ConfigError('POLLSTER_INVALID', `pollster file ${file}: ${what}`, { details: { file } })
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/** A value in a few words. */
function shown(value: unknown): string {
  if (value === undefined) return 'missing'
  if (Array.isArray(value)) return `[${value.map(shown).join(', ').slice(0, 80)}]`
  if (typeof value === 'string') return `"${value.slice(0, 80)}"`
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : `a ${typeof value}`
}
