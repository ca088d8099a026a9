import { CronTime } from 'cron'
import { isForeignDiscovery } from './foreign-names.js'
import { list, misfit, misread, text, under } from './kinds.js'
import type { Kind, Spot } from './kinds.js'
import type { Schedule, Source } from './options.js'
import { sourceKeys } from './polling-keys.js'
import { pythonInt } from './python-int.js'
import { readMeters } from './source-meters.js'
import type { MeterKnowledge } from './source-meters.js'
import { didYouMean } from './suggest.js'
import { reportKeys } from './unknown-keys.js'
import { describeNode, entryOf } from './yaml-node.js'
import type { YamlNode } from './yaml-node.js'

/** What the rest of the agent has, for telling a misspelt name from a good one. */
export interface KnownNames extends MeterKnowledge {
  readonly discoveries: readonly string[]
  readonly scheduleTimezone: string
}

const longestIntervalSeconds = 31_536_000
const longestExpression = 256

/** One entry of `sources`; undefined after its faults were put into the spot's faults. */
export function readSource(node: YamlNode, spot: Spot, known: KnownNames): Source | undefined {
  if (node.kind !== 'mapping') {
    misfit(spot, 'a source: a mapping with name, interval and meters', describeNode(node))
    return undefined
  }
  reportKeys(node, spot, sourceKeys)
  const name = required(node, spot, 'name', readName)
  const schedule = readSchedule(node, spot, known.scheduleTimezone)
  const meters = required(node, spot, 'meters', (value, at) => readMeters(value, at, known))
  const discovery = readDiscovery(node, spot, known.discoveries)
  warnOfResources(node, spot)
  if (name === misread || schedule === misread || meters === misread || discovery === misread)
    return undefined
  return { name, schedule, meters, discovery }
}

function required<T>(
  node: YamlNode,
  spot: Spot,
  key: string,
  read: (value: YamlNode, at: Spot) => T | typeof misread,
): T | typeof misread {
  const entry = entryOf(node, key)
  if (entry !== undefined) return read(entry.value, under(spot, key))
  spot.faults.error({ path: spot.path, text: `has no ${key}; add the key` })
  return misread
}

/** Ceilometer takes anything for a name; what has no text of its own is shown as Python would. */
function readName(node: YamlNode, spot: Spot): string | typeof misread {
  if (node.kind !== 'scalar') return misfit(spot, 'a name', describeNode(node))
  if (node.value !== null && node.source !== '') return node.source
  spot.faults.warning({ path: spot.path, text: 'is empty; logs and metrics call the source None' })
  return 'None'
}

function readSchedule(node: YamlNode, spot: Spot, timeZone: string): Schedule | typeof misread {
  const interval = entryOf(node, 'interval')
  const schedule = entryOf(node, 'schedule')
  if (interval !== undefined && schedule !== undefined) {
    const path = under(spot, 'schedule').path
    spot.faults.error({ path, at: 'key', text: 'stands beside interval; keep one of them' })
    return misread
  }
  if (interval !== undefined) {
    const seconds = readInterval(interval.value, under(spot, 'interval'))
    return seconds === misread ? misread : { kind: 'interval', seconds }
  }
  if (schedule !== undefined) {
    const expression = cronExpression(timeZone).read(schedule.value, under(spot, 'schedule'))
    return expression === misread ? misread : { kind: 'cron', expression, timeZone }
  }
  spot.faults.error({
    path: spot.path,
    text: 'has neither interval nor schedule; add interval: 300, for example',
  })
  return misread
}

const intervalText = `a whole number of seconds from 1 to ${longestIntervalSeconds}`

function readInterval(node: YamlNode, spot: Spot): number | typeof misread {
  const value = node.kind === 'scalar' ? node.value : null
  const seconds = pythonInt(value)
  if (seconds === undefined || seconds < 1 || seconds > longestIntervalSeconds) {
    return misfit(spot, intervalText, describeNode(node))
  }
  if (typeof value === 'boolean' || (typeof value === 'number' && value !== seconds)) {
    const { path } = spot
    spot.faults.warning({
      path,
      text: `expected ${intervalText}, got ${describeNode(node)}; taken as ${seconds}`,
    })
  }
  return seconds
}

function cronExpression(timeZone: string): Kind<string> {
  return text({
    expected: 'a cron expression such as "*/5 * * * *"',
    check: (expression) => {
      if (expression.length > longestExpression) return ', which is too long'
      try {
        new CronTime(expression, timeZone).getNextDateFrom(new Date(), timeZone)
        return undefined
      } catch (error) {
        const reason = error instanceof Error ? error.message : ''
        if (reason.startsWith('Something went wrong')) return ', which never comes in the next 8 years'
        return /^(?:Too|Field)/.test(reason) ? ` (${reason})` : ''
      }
    },
  })
}

const discoveryNames = list(text({ expected: 'the name of a discovery' }), {
  expected: 'a list of discoveries',
})

function readDiscovery(
  node: YamlNode,
  spot: Spot,
  known: readonly string[],
): readonly string[] | typeof misread {
  const entry = entryOf(node, 'discovery')
  if (entry === undefined || isPythonFalse(entry.value)) return []
  const at = under(spot, 'discovery')
  const names = discoveryNames.read(entry.value, at)
  if (names === misread) return misread
  const faults = names.map((name, index) => checkDiscovery(name, under(at, index), known))
  if (faults.includes('error')) return misread
  return names.filter((_, index) => faults[index] === undefined)
}

function checkDiscovery(name: string, spot: Spot, known: readonly string[]): 'error' | 'warning' | undefined {
  if (known.includes(name)) return undefined
  const { path, faults } = spot
  if (isForeignDiscovery(name.replace(/:.*$/s, '').toLowerCase())) {
    faults.warning({
      path,
      text: `${JSON.stringify(name)} is a discovery of ceilometer's other agents; it is not used here`,
    })
    return 'warning'
  }
  const list = known.join(', ')
  const hint = didYouMean(name, known) || `; there are: ${list}`
  faults.error({ path, text: `no discovery is called ${JSON.stringify(name)}${hint}` })
  return 'error'
}

function warnOfResources(node: YamlNode, spot: Spot): void {
  const entry = entryOf(node, 'resources')
  if (entry === undefined || isPythonFalse(entry.value)) return
  const at = under(spot, 'resources')
  if (entry.value.kind === 'sequence') {
    spot.faults.warning({
      path: at.path,
      at: 'key',
      text: 'compute meters have no static resources; the list is not used',
    })
  } else misfit(at, 'a list', describeNode(entry.value))
}

/** What Python takes for false: ceilometer reads `discovery: 0` as an empty list. */
function isPythonFalse(node: YamlNode): boolean {
  if (node.kind === 'sequence') return node.items.length === 0
  if (node.kind === 'mapping') return node.entries.length === 0
  return (
    node.value === null || node.value === false || node.value === '' || node.value === 0n || node.value === 0
  )
}
