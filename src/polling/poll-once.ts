import type { Source } from '../config/options.js'
import type { Resource } from '../discovery/discovery.js'
import type { Pollster } from '../pollster/pollster.js'
import type { Notifier } from '../publish/notifier.js'
import type { Sample } from '../sample/sample.js'
import { runCycle, type CycleParts } from './cycle.js'
import { assign, isInstance } from './plan.js'
import type { CycleReport, MissingReason } from './report.js'

export interface PollOnceOptions extends CycleParts {
  /** Polled together whatever their schedules: a meter that two of them select is polled once. */
  readonly sources: readonly Source[]
  readonly pollsters: readonly Pollster[]
  readonly computedMeters: boolean
  /** UUIDs, names or libvirt names of the instances to poll; empty: all. */
  readonly instances: readonly string[]
  /** Take two looks, at least so far apart in seconds, and give the samples of the second; undefined: one look. */
  readonly overSeconds?: number
  /** Where the samples go besides the result; default nowhere. */
  readonly notifier?: Notifier
}

/** A sample, with the name of the instance it belongs to. */
export interface PolledSample {
  readonly instanceName: string
  readonly sample: Sample
}

/** A figure that was asked for and does not exist, and why. */
export interface PolledMissing {
  readonly instanceName: string
  readonly meter: string
  readonly reason: MissingReason
  readonly detail: string
}

export interface PolledOnce {
  /** The last look's. */
  readonly report: CycleReport
  readonly samples: readonly PolledSample[]
  readonly missing: readonly PolledMissing[]
  /** Of `instances`, those that no polled instance has as UUID or name. */
  readonly unmatched: readonly string[]
}

const nowhere: Notifier = {
  notify: (samples) => Promise.resolve({ notifications: 0, samples: [...samples].length, refused: [] }),
}

/** One cycle, now, for a person who watches. Rejects with the signal's reason; every other fault is in the report. */
export async function pollOnce(options: PollOnceOptions, signal: AbortSignal): Promise<PolledOnce> {
  const assignments = assign(options.sources.map(together), options.pollsters, options.computedMeters)
  const samples: PolledSample[] = []
  const missing: PolledMissing[] = []
  const matched = new Set<string>()
  const accepts = (resource: Resource): boolean => {
    const names = namesOf(resource)
    options.instances.filter((name) => names.includes(name)).forEach((name) => matched.add(name))
    return options.instances.length === 0 || options.instances.some((name) => names.includes(name))
  }
  if (options.overSeconds !== undefined) {
    const { finishedAt, error } = await runCycle(options, { assignments, accepts, notifier: nowhere }, signal)
    // A host that could not be read at all will not give rates either: the second look says so at once.
    if (error === undefined)
      await options.clock.sleepUntil(finishedAt.monotonicSeconds + options.overSeconds, signal)
  }
  const witness = {
    sample: (sample: Sample, resource: Resource) =>
      void samples.push({ instanceName: nameOf(resource), sample }),
    missing: (
      { reason, detail }: { readonly reason: MissingReason; readonly detail: string },
      resource: Resource,
      { meter }: Pollster,
    ) => void missing.push({ instanceName: nameOf(resource), meter, reason, detail }),
  }
  const notifier = options.notifier ?? nowhere
  const report = await runCycle(options, { assignments, accepts, notifier, witness }, signal)
  signal.throwIfAborted()
  return { report, samples, missing, unmatched: options.instances.filter((name) => !matched.has(name)) }
}

function together(source: Source): Source {
  return { ...source, schedule: { kind: 'interval', seconds: 1 } }
}

function namesOf(resource: Resource): readonly string[] {
  return isInstance(resource) ? [resource.id, resource.name, resource.domainName] : [resource.id]
}

function nameOf(resource: Resource): string {
  return isInstance(resource) ? resource.name : resource.id
}
