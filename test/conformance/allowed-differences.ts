import type { Difference } from './compare.js'

/** A difference between the original and virtpoll that is meant to be. */
export interface AllowedDifference {
  readonly id: string
  readonly what: string
  readonly why: string
  readonly allows: (difference: Difference) => boolean
}

const binaryUnits: Readonly<Record<string, string>> = { '"MB"': '"MiB"', '"GB"': '"GiB"' }
const wireTimestamp = /^"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?"$/
const uuid = /^"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"$/
const hmacSha256 = /^"[0-9a-f]{64}"$/
const positiveFloat = /^\d+\.\d+$/
const positiveInt = /^[1-9]\d*$/

const both = ({ original, virtpoll }: Difference, form: RegExp): boolean =>
  form.test(original ?? '') && form.test(virtpoll ?? '')

/**
 * The whole of what may differ. A difference that none of them allows fails the comparison, and so does an entry that
 * allowed nothing in a run.
 */
export const allowedDifferences: readonly AllowedDifference[] = [
  {
    id: 'binary-units',
    what: 'MB and GB are called MiB and GiB',
    why: 'the figures were binary all along; ceilometer names them so since 26.0.0',
    allows: ({ path, original, virtpoll }) =>
      path === 'counter_unit' && virtpoll !== undefined && virtpoll === binaryUnits[original ?? ''],
  },
  {
    id: 'outgoing-delta-name',
    what: 'network.outgoing.bytes.delta has its name',
    why: 'release 19 publishes it as network.outgoing.packets.delta; ceilometer 20.0.0 put it right',
    allows: ({ path, original, virtpoll }) =>
      path === 'counter_name' &&
      original === '"network.outgoing.packets.delta"' &&
      virtpoll === '"network.outgoing.bytes.delta"',
  },
  {
    id: 'flavor-id',
    what: "flavor.id is that of Nova's metadata, or the flavor's name",
    why: 'release 19 asks the Nova API for it; since 25.0.0 ceilometer reads it from the metadata',
    allows: ({ path, original, virtpoll }) =>
      path === 'resource_metadata/flavor/id' &&
      /^"nova-.*"$/.test(original ?? '') &&
      /^".+"$/.test(virtpoll ?? ''),
  },
  {
    id: 'names',
    what: 'user_name and project_name exist',
    why: 'ceilometer has them since 20.0.0',
    allows: ({ path, original }) => ['user_name', 'project_name'].includes(path) && original === undefined,
  },
  {
    id: 'image-meta',
    what: 'image_meta exists where Nova wrote it',
    why: 'ceilometer has it since 25.0.0',
    allows: ({ path, original }) =>
      path.startsWith('resource_metadata/image_meta/') && original === undefined,
  },
  {
    id: 'extra-specs',
    what: 'flavor.extra_specs exist where Nova wrote them',
    why: 'ceilometer has them since 25.0.0',
    allows: ({ path, original }) =>
      /^resource_metadata\/flavor\/extra_specs(\/|$)/.test(path) && original === undefined,
  },
  {
    id: 'timestamp',
    what: 'the time is that of the measurement',
    why: 'the original stamps the start of the pollster, and the two do not poll at the same moment',
    allows: (difference) => difference.path === 'timestamp' && both(difference, wireTimestamp),
  },
  {
    id: 'monotonic-time',
    what: 'likewise on the monotonic clock',
    why: 'the two do not poll at the same moment',
    allows: (difference) => difference.path === 'monotonic_time' && both(difference, positiveFloat),
  },
  {
    id: 'message-id',
    what: 'every sample has an id of its own',
    why: 'ids are made up',
    allows: (difference) => difference.path === 'message_id' && both(difference, uuid),
  },
  {
    id: 'signature',
    what: 'the signature is of other times and ids',
    why: 'it covers the whole sample; that it is right is for ceilometer to say, and asserted',
    allows: (difference) => difference.path === 'message_signature' && both(difference, hmacSha256),
  },
  {
    id: 'minus-one',
    what: 'a figure that the hypervisor does not know has no sample',
    why: "the original publishes libvirt's -1",
    allows: ({ path, original, virtpoll }) => path === '' && original === '-1' && virtpoll === undefined,
  },
  {
    id: 'bogus-zero-cpu',
    what: 'cpu and cpu_number are those of the domain',
    why: 'the original takes statistics without any vCPU for an instance that never ran',
    allows: ({ meter, path, original, virtpoll }) =>
      meter === 'cpu' &&
      ((path === 'counter_volume' && original === '0') ||
        (path === 'resource_metadata/cpu_number' && original === 'null')) &&
      positiveInt.test(virtpoll ?? ''),
  },
]

/** Samples of the original by the name that they should have. */
export const misnamedMeters: Readonly<Record<string, string>> = {
  'network.outgoing.packets.delta': 'network.outgoing.bytes.delta',
}
