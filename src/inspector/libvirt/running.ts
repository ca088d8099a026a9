import type { Turns } from '../../schedule/turns.js'
import type { Absence, Domain, StatsGroup } from '../inspector.js'
import type { Answer } from './bulk-read.js'
import type { BulkReader, BulkRequest } from './bulk-reader.js'
import type { Catalog } from './catalog.js'
import type { Caller } from './caller.js'
import type { CpuDefinitions, CpuTimes } from './cpu-time.js'
import type { DomainFigures } from './decode-stats.js'
import { type CallError, absences } from './errors.js'
import type { Learned } from './look.js'
import { type GroupOptions, statsBits, statsMask } from './stats-groups.js'

/** What was learned about a domain, why nothing was, or undefined when it is gone. */
export type Read = Learned | CallError | undefined

export interface BulkWayDeps {
  readonly reader: BulkReader
  readonly cpu: CpuDefinitions
  readonly catalog: Catalog
  readonly options: GroupOptions
}

/** The first way to statistics: running domains of a driver that gives every group in bulk. */
export async function readInBulk(
  caller: Caller,
  deps: BulkWayDeps,
  request: {
    readonly domains: readonly Domain[]
    readonly groups: ReadonlySet<StatsGroup>
    readonly turns: Turns
  },
): Promise<(domain: Domain) => Read> {
  const { domains, groups, turns } = request
  const mask = statsMask(groups, deps.options)
  const needsTime = (domain: Domain, figures?: DomainFigures) =>
    groups.has('cpu') && deps.cpu.needsDomainTime(domain, figures)
  const { answers, failures } = await deps.reader.read(caller, {
    ...{ domains, turns },
    maskOf: (domain) => (needsTime(domain) ? mask | statsBits.cpu : mask),
  })
  const lacking = domains.filter((domain) => {
    const answer = answers.get(domain.uuid)
    if (answer === undefined || answer.missing.has('vcpu') || answer.figures.cpuTimeNs !== undefined)
      return false
    return needsTime(domain, answer.figures)
  })
  const maskOfLacking = () => statsBits.state | statsBits.cpu
  await addDomainTime(caller, deps.reader, { domains: lacking, turns, maskOf: maskOfLacking }, answers)
  return (domain) => {
    const answer = answers.get(domain.uuid)
    if (answer === undefined) return failures.get(domain.uuid)
    seenDevices(deps.catalog, domain, { answer, mask })
    const cpu = deps.cpu.measure(domain, answer.figures, !answer.missing.has('vcpu'))
    const { takenAt, figures, id } = answer
    return { domain: { ...domain, id }, takenAt, figures, cpu, unread: unreadGroups(answer, groups, cpu) }
  }
}

/** Only at the first sight of a domain whose vCPUs' figures are incomplete; later cycles ask for it at once. */
async function addDomainTime(
  caller: Caller,
  reader: BulkReader,
  request: BulkRequest,
  answers: ReadonlyMap<string, Answer>,
): Promise<void> {
  if (request.domains.length === 0) return
  const more = await reader.read(caller, request)
  for (const [uuid, { figures }] of more.answers) {
    const known = answers.get(uuid)?.figures
    if (known !== undefined && figures.cpuTimeNs !== undefined) known.cpuTimeNs = figures.cpuTimeNs
  }
}

const cpuIncomplete: Absence = {
  reason: 'no-data',
  detail: 'the figures that the CPU time of this domain is counted by are incomplete now',
}

function unreadGroups(
  { missing }: Answer,
  groups: ReadonlySet<StatsGroup>,
  { cpuNs }: CpuTimes,
): ReadonlyMap<StatsGroup, Absence> {
  const unread = new Map<StatsGroup, Absence>([...missing].map((group) => [group, absences.hung]))
  if (groups.has('cpu') && cpuNs === undefined)
    unread.set('cpu', missing.has('vcpu') ? absences.hung : cpuIncomplete)
  return unread
}

function seenDevices(
  catalog: Catalog,
  domain: Domain,
  { answer, mask }: { answer: Answer; mask: number },
): void {
  if (answer.id !== domain.id) return
  const names = (bit: number, devices: Iterable<{ name?: string }>) =>
    (mask & bit) === 0 || answer.missing.size > 0
      ? undefined
      : new Set([...devices].map(({ name }) => name).filter((name) => name !== undefined))
  catalog.checkDevices(domain, {
    disks: names(statsBits.block, answer.figures.blocks.values()),
    vnics: names(statsBits.interface, answer.figures.nets.values()),
  })
}
