import type { Flavor, Instance } from '../discovery/discovery.js'
import type { Absence, DiskStats, DomainLook, StatsGroup, VnicStats } from '../inspector/inspector.js'
import type { Metadata, MeterType } from '../sample/sample.js'
import type { NumberKind, Volume } from '../sample/volume.js'
import { eachDisk, eachVnic, theInstance, type Part, type PartKind } from './parts.js'
import type { Memory, Outcome, PollContext, Pollster } from './pollster.js'

/** What every row of a meter table has. */
export interface MeterFields {
  /** Dot-separated words, for example `memory.resident`. */
  readonly meter: string
  readonly unit: string
  readonly number: NumberKind
  /** One sentence for `virtpoll meters`. */
  readonly description: string
  /** Statistics groups whose figures it reads. When the figure is absent, the first of these that could not be read says why. */
  readonly needs: readonly StatsGroup[]
  /** True keeps the meter out of `*`. Default false. */
  readonly computed?: boolean
  /** Whether a domain that is not running has this figure; otherwise it is missing as `shut-off`. Default false. */
  readonly whenStopped?: boolean
  /** What to say, constant text, when the hypervisor answered without this figure. */
  readonly whenAbsent?: string
}

/** A row whose figure is read straight from the look; undefined where the hypervisor gave none. */
export interface MeterRow<S> extends MeterFields {
  readonly type: MeterType
  volume(stats: S, look: DomainLook): Volume | undefined
}

export interface InstanceMeterRow extends MeterRow<DomainLook> {
  /** Added to the metadata of its samples. */
  readonly metadata?: (look: DomainLook) => Metadata
}

/** The way from a part's figures to its volume; an Absence where it knows better than the look why there is none. */
export type Measure<S> = (
  stats: S,
  at: { readonly look: DomainLook; readonly part: Part<S>; readonly memory: Memory },
) => Volume | Absence | undefined

/** One sample for each instance: `instanceMeter({ meter: 'power.state', …, volume: (look) => look.powerState })`. */
export function instanceMeter(row: InstanceMeterRow): Pollster {
  return meterOf(theInstance, row, (look) => row.volume(look, look), row.metadata)
}

/** One sample for each disk that has a source; resource id `<uuid>-<device>`, metadata `disk_name`. */
export function diskMeter(row: MeterRow<DiskStats>): Pollster {
  return meterOf(eachDisk, row, (disk, { look }) => row.volume(disk, look))
}

/**
 * One sample for each vNIC; the resource id is the name of its network filter, or without one
 * `<domain name>-<uuid>-<tap>`; metadata `name`, `mac`, `fref`, `parameters`, `vnic_name`.
 */
export function vnicMeter(row: MeterRow<VnicStats>): Pollster {
  return meterOf(eachVnic, row, (vnic, { look }) => row.volume(vnic, look))
}

const noFlavor: Absence = {
  reason: 'unsupported',
  detail: 'the domain has no flavor to read this from: Nova does not manage it, or its metadata is damaged',
}

/** One sample for each instance that has a flavor, whatever the state of its domain. */
export function flavorMeter(
  row: Omit<MeterRow<Flavor>, 'needs' | 'whenStopped' | 'whenAbsent' | 'volume'> & {
    volume(flavor: Flavor): Volume | null
  },
): Pollster {
  return {
    ...described(row, 'instance'),
    needs: [],
    type: row.type,
    poll({ flavor }) {
      const volume = flavor === null ? null : row.volume(flavor)
      return [volume === null ? noFlavor : { volume }]
    },
  }
}

/** A pollster that makes one outcome for each part of the instance, by one measure. */
export function meterOf<S>(
  kind: PartKind<S>,
  row: MeterFields & { readonly type: MeterType },
  measure: Measure<S>,
  metadata?: (look: DomainLook) => Metadata,
): Pollster {
  return {
    ...described(row, kind.per),
    needs: row.needs,
    type: row.type,
    poll: (instance: Instance, context) =>
      kind.parts(instance).map((part) => {
        const found = figure(part, row, measure, context)
        if (typeof found === 'object') return { resourceId: part.resourceId, ...found }
        return reading(part, found, metadata, context)
      }),
  }
}

function described(
  row: Pick<MeterFields, 'meter' | 'unit' | 'number' | 'description' | 'computed'>,
  per: Pollster['per'],
): Omit<Pollster, 'poll' | 'needs' | 'type'> {
  const { meter, unit, number, description, computed = false } = row
  return { meter, unit, number, description, computed, per }
}

function figure<S>(
  part: Part<S>,
  row: MeterFields,
  measure: Measure<S>,
  { look: inspected, memory }: PollContext,
): Volume | Absence {
  if (!inspected.ok) return { reason: inspected.reason, detail: inspected.detail }
  const look = inspected.value
  if (look.shutOff && row.whenStopped !== true)
    return { reason: 'shut-off', detail: 'the domain is not running' }
  const stats = part.find(look)
  if (stats === undefined)
    return { reason: 'not-found', detail: 'the device was removed while the host was read' }
  return measure(stats, { look, part, memory }) ?? absence(row, look)
}

function absence(row: MeterFields, look: DomainLook): Absence {
  const unread = row.needs.map((group) => look.unread.get(group)).find((found) => found !== undefined)
  return unread ?? { reason: 'no-data', detail: row.whenAbsent ?? 'the hypervisor gave no such figure' }
}

function reading<S>(
  part: Part<S>,
  volume: Volume,
  metadata: ((look: DomainLook) => Metadata) | undefined,
  { look }: PollContext,
): Outcome {
  const extra = look.ok && metadata !== undefined ? metadata(look.value) : part.metadata
  const { resourceId } = part
  return extra === undefined ? { volume, resourceId } : { volume, resourceId, metadata: extra }
}
