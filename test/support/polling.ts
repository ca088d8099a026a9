import type { Schedule, Source } from '../../src/config/options.js'
import type { Discovered, Discovery, Resource, Skipped } from '../../src/discovery/discovery.js'
import type {
  DomainLook,
  Inspected,
  Inspection,
  InspectionRequest,
  Inspector,
  Survey,
} from '../../src/inspector/inspector.js'
import { runCycle, type CycleParts, type CycleRequest } from '../../src/polling/cycle.js'
import { createDeltaMemory } from '../../src/polling/delta-memory.js'
import { assign } from '../../src/polling/plan.js'
import type { CycleReport } from '../../src/polling/report.js'
import type { Pollster } from '../../src/pollster/index.js'
import type { Notifier } from '../../src/publish/notifier.js'
import type { Sample } from '../../src/sample/sample.js'
import type { Volume } from '../../src/sample/volume.js'
import { createFakeClock, type FakeClock } from './fake-clock.js'
import { aLook } from './instances.js'

export interface CycleOptions extends Partial<CycleRequest> {
  readonly pollsters?: readonly Pollster[]
  readonly sources?: readonly Source[]
  readonly signal?: AbortSignal
}

/** A host with what a test puts in it. Change it between cycles as you like. */
export class FakeWorld implements Inspector, Notifier {
  resources: Resource[] = []
  skipped: Skipped[] = []
  /** By UUID; a domain that has none gets a complete look of now. */
  readonly looks = new Map<string, Inspected<DomainLook>>()
  /** Thrown by the listing, or by the inspection, as long as it is there. */
  surveyError: Error | undefined
  inspectError: Error | undefined
  /** Awaited by each inspection. */
  beforeInspection: (() => Promise<void>) | undefined
  /** Samples for which it says yes cannot be written. */
  refuses: (sample: Sample) => boolean = () => false

  readonly surveys: Survey[] = []
  readonly inspections: InspectionRequest[] = []
  readonly samples: Sample[] = []

  readonly clock: FakeClock = createFakeClock()
  readonly memory = createDeltaMemory()
  readonly discoveries = new Map<string, Discovery>([
    ['local_instances', this.discoveryOf('local_instances')],
  ])
  #ids = 0
  readonly parts: CycleParts = {
    discoveries: this.discoveries,
    inspector: this,
    clock: this.clock,
    memory: this.memory,
    lastFound: new Map(),
    reportStopped: false,
    pollsterSeconds: 10,
    newId: () => `sample-${(this.#ids += 1)}`,
    logOf: () => ({ debug: () => undefined, warn: () => undefined }),
  }

  /** One cycle; default of one source with everything, and one pollster. */
  cycle({
    pollsters = [aPollster()],
    sources = [aSource()],
    signal,
    ...rest
  }: CycleOptions = {}): Promise<CycleReport> {
    const assignments = assign(sources, pollsters, false)
    const request = { assignments, notifier: this, ...rest }
    return runCycle(this.parts, request, signal ?? new AbortController().signal)
  }

  /** The volumes of a meter so far. */
  volumes(meter: string): Volume[] {
    return this.samples.filter(({ name }) => name === meter).map(({ volume }) => volume)
  }

  discoveryOf(name: string, discovered?: () => Discovered | Promise<Discovered>): Discovery {
    return {
      name,
      discover: async (context) => {
        if (discovered !== undefined) return discovered()
        await context.survey()
        return { resources: this.resources, skipped: this.skipped }
      },
    }
  }

  survey(): Promise<Survey> {
    if (this.surveyError !== undefined) return Promise.reject(this.surveyError)
    const survey = { takenAt: this.clock.now(), domains: [], unreadable: [], calls: 1 }
    this.surveys.push(survey)
    return Promise.resolve(survey)
  }

  async inspect(request: InspectionRequest, signal: AbortSignal): Promise<Inspection> {
    this.inspections.push(request)
    await this.beforeInspection?.()
    signal.throwIfAborted()
    if (this.inspectError !== undefined) throw this.inspectError
    const takenAt = this.clock.now()
    return {
      calls: 2,
      look: (uuid) => this.looks.get(uuid) ?? { ok: true, value: aLook({ takenAt }) },
    }
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  notify(samples: Iterable<Sample>) {
    const all = [...samples]
    const refused = all.filter(this.refuses).map((sample) => ({ sample, error: new Error('too large') }))
    const written = all.filter((sample) => !this.refuses(sample))
    this.samples.push(...written)
    return Promise.resolve({ notifications: 1, samples: written.length, refused })
  }
}

export const every = (seconds: number): Schedule => ({ kind: 'interval', seconds })

export const aSource = (fields: Partial<Source> = {}): Source => ({
  name: 'all',
  schedule: every(10),
  meters: ['*'],
  discovery: [],
  ...fields,
})

/** A meter per instance whose volume is 1. */
export const aPollster = (fields: Partial<Pollster> = {}): Pollster => ({
  meter: 'one',
  unit: 'B',
  type: 'gauge',
  number: 'int',
  description: 'one',
  needs: ['state'],
  per: 'instance',
  poll: () => [{ volume: 1 }],
  ...fields,
})
