import { PollsterError } from '../errors.js'
import type { Sample } from './sample.js'
import { isoTimestamp } from './timestamp.js'
import { wireFloat, type WireFloat, type WireValue } from './wire-value.js'

/** A sample in the field names and the order of the wire, all but its `message_signature`. */
export type MeterMessage = Readonly<Record<string, WireValue>>

/**
 * The meter message of a sample, key for key as ceilometer's `meter_message_from_counter` builds it.
 *
 * @param names whether it has `user_name` and `project_name`, as ceilometer's since 2023 has.
 * @throws PollsterError for a volume that is not finite, or not integral for an `int` meter.
 */
export function meterMessage(sample: Sample, names: boolean): MeterMessage {
  return {
    source: sample.source,
    counter_name: sample.name,
    counter_type: sample.type,
    counter_unit: sample.unit,
    counter_volume: wireVolume(sample),
    user_id: sample.userId,
    ...(names ? { user_name: sample.userName } : {}),
    project_id: sample.projectId,
    ...(names ? { project_name: sample.projectName } : {}),
    resource_id: sample.resourceId,
    timestamp: isoTimestamp(sample.takenAt.wallMs),
    resource_metadata: { ...sample.metadata, ...sample.extraMetadata },
    message_id: sample.id,
    monotonic_time: wireFloat(sample.takenAt.monotonicSeconds),
  }
}

/** The volume of a sample as its meter declares it: a float as a float, an int exactly. */
export function wireVolume({ volume, numberKind, name, resourceId }: Sample): WireFloat | number | bigint {
  if (numberKind === 'float' && Number.isFinite(Number(volume))) return wireFloat(Number(volume))
  if (numberKind === 'int' && (typeof volume === 'bigint' || Number.isInteger(volume))) return volume
  throw new PollsterError(
    'POLLSTER_FAILED',
    `${name} of ${resourceId} has the volume ${volume}, which is not a finite ${numberKind}; its pollster must give one`,
    { details: { meter: name, resource_id: resourceId } },
  )
}
