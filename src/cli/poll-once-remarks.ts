import type { Skipped } from '../discovery/discovery.js'
import type { PolledOnce } from '../polling/poll-once.js'
import type { MissingReason } from '../polling/report.js'
import { printable } from './printable.js'
import { renderMissing } from './render-missing.js'

/** Reasons for which a figure's absence is how things are, and no failure of the poll. */
const wellReasons: ReadonlySet<MissingReason> = new Set([
  'not-found',
  'shut-off',
  'no-data',
  'unsupported',
  'needs-two-looks',
  'migrating-in',
])

export interface Remarks {
  /** Lines for a person: what is missing and why, what was left out or is damaged, what matched nothing. */
  readonly text: string
  /** Whether something is missing that should be there. */
  readonly partial: boolean
}

/** A domain, by libvirt's name, of which something could not be read, and libvirt's text. */
export interface FailedRead {
  readonly uuid: string
  readonly name: string
  readonly message: string
}

/** What there is to say about a poll besides its samples. */
export function remarksOf(
  { report, samples, missing, unmatched }: PolledOnce,
  failures: readonly FailedRead[],
): Remarks {
  const failed = missing.filter(({ reason }) => !wellReasons.has(reason))
  const unreadable = report.skipped.filter(({ reason }) => reason === 'unreadable')
  const saidBelow = new Set(unreadable.map(({ id }) => id))
  const lines = [
    missing.length === 0 ? '' : `${counted(missing.length, 'figure')} missing:\n${renderMissing(missing)}`,
    ...failures
      .filter(({ uuid }) => !saidBelow.has(uuid))
      .map(({ name, message }) => `${printable(name)}: ${printable(message)}\n`),
    ...unmatched.map((name) => `--instance ${printable(name)}: no instance has this UUID or name\n`),
    leftOut(report.skipped),
    ...report.faults.map(({ name, detail }) => `${printable(name)}: ${printable(detail)}\n`),
    samples.length === 0 && missing.length === 0 && unmatched.length === 0 ? nothing(report) : '',
    ...report.pollsters.flatMap(({ error }) => (error === undefined ? [] : [`${error.message}\n`])),
    report.unaccounted === 0
      ? ''
      : `pollsters gave ${counted(report.unaccounted, 'sample')} more or less than they promised\n`,
  ]
  return {
    text: lines.join(''),
    partial: failed.length + unmatched.length + unreadable.length + report.unaccounted > 0,
  }
}

/** Without a meter nothing is asked, so it is not known whether there are instances. */
function nothing({ calls, instances }: PolledOnce['report']): string {
  if (calls === 0) return 'no meter selected, so nothing was polled\n'
  return instances === 0
    ? 'no instance on this host\n'
    : 'the instances have nothing that these meters measure\n'
}

function leftOut(skipped: readonly Skipped[]): string {
  const unmanaged = skipped.filter(({ reason }) => reason === 'unmanaged')
  const others = skipped.filter(({ reason }) => reason !== 'unmanaged')
  const first =
    unmanaged.length === 0
      ? ''
      : `${counted(unmanaged.length, 'domain')} left out that Nova does not manage; --unmanaged polls ${unmanaged.length === 1 ? 'it' : 'them'} too\n`
  return (
    first + others.map(({ name, detail }) => `${printable(name)} left out: ${printable(detail)}\n`).join('')
  )
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
