import { add, diskMeter, diskRate, flavorMeter } from 'virtpoll/pollster'
import type { DiskStats, Pollster, PollsterModule, Volume } from 'virtpoll/pollster'

interface DiskRow {
  readonly meter: string
  readonly unit: string
  readonly description: string
  volume(disk: DiskStats): Volume | undefined
}

const counters: readonly DiskRow[] = [
  {
    meter: 'disk.device.read.requests',
    unit: 'request',
    description: 'read requests since the domain started',
    volume: (disk) => disk.readRequests,
  },
  {
    meter: 'disk.device.read.bytes',
    unit: 'B',
    description: 'bytes read since the domain started',
    volume: (disk) => disk.readBytes,
  },
  {
    meter: 'disk.device.read.latency',
    unit: 'ns',
    description: 'time spent on reads since the domain started: a total, not a mean',
    volume: (disk) => disk.readTimeNs,
  },
  {
    meter: 'disk.device.write.requests',
    unit: 'request',
    description: 'write requests since the domain started',
    volume: (disk) => disk.writeRequests,
  },
  {
    meter: 'disk.device.write.bytes',
    unit: 'B',
    description: 'bytes written since the domain started',
    volume: (disk) => disk.writeBytes,
  },
  {
    meter: 'disk.device.write.latency',
    unit: 'ns',
    description: 'time spent on writes since the domain started: a total, not a mean',
    volume: (disk) => disk.writeTimeNs,
  },
]

const sizes: readonly DiskRow[] = [
  {
    meter: 'disk.device.capacity',
    unit: 'B',
    description: 'size that the guest sees, or the size of its file on the host where that is larger',
    volume: ({ capacityBytes, physicalBytes }) => larger(capacityBytes, physicalBytes),
  },
  {
    meter: 'disk.device.allocation',
    unit: 'B',
    description: 'storage of the host that the disk occupies',
    volume: (disk) => disk.allocationBytes,
  },
  {
    meter: 'disk.device.usage',
    unit: 'B',
    description: 'physical size of the container of the disk on the host',
    volume: (disk) => disk.physicalBytes,
  },
]

function larger(one: Volume | undefined, other: Volume | undefined): Volume | undefined {
  if (one === undefined || other === undefined) return undefined
  return one < other ? other : one
}

function sum(one: Volume | undefined, other: Volume | undefined): Volume | undefined {
  return one === undefined || other === undefined ? undefined : add(one, other)
}

const requests = (disk: DiskStats): Volume | undefined => sum(disk.readRequests, disk.writeRequests)
const timeNs = (disk: DiskStats): Volume | undefined => sum(disk.readTimeNs, disk.writeTimeNs)

const computed: readonly Pollster[] = [
  diskRate({
    meter: 'disk.device.iops',
    unit: 'count/s',
    needs: ['block'],
    computed: true,
    description: 'requests, reads and writes, a second between two looks',
    counters: (disk) => [requests(disk)],
    volume: ([made = 0], seconds) => made / seconds,
  }),
  diskRate({
    meter: 'disk.device.latency',
    unit: 'ms',
    needs: ['block'],
    computed: true,
    whenAbsent: 'the disk had no request since the look before, so there is nothing to take a mean of',
    description: 'mean time of a request, read or write, between two looks',
    counters: (disk) => [requests(disk), timeNs(disk)],
    volume: ([made = 0, spentNs = 0]) => (made > 0 ? spentNs / made / 1e6 : undefined),
  }),
]

/**
 * Nova's figures, so they need no look at the domain. Nova already writes the root disk alone into the flavor's
 * `disk`, so the difference is too small for a flavor with an ephemeral disk, and may be negative; consumers know it
 * so, and the metadata's `root_gb` says the same.
 */
const flavors: readonly Pollster[] = [
  flavorMeter({
    meter: 'disk.root.size',
    type: 'gauge',
    unit: 'GiB',
    number: 'int',
    description: "the flavor's disk less its ephemeral disk",
    volume: ({ diskGiB, ephemeralGiB }) =>
      diskGiB === null || ephemeralGiB === null ? null : diskGiB - ephemeralGiB,
  }),
  flavorMeter({
    meter: 'disk.ephemeral.size',
    type: 'gauge',
    unit: 'GiB',
    number: 'int',
    description: "the flavor's ephemeral disk",
    volume: (flavor) => flavor.ephemeralGiB,
  }),
]

export default {
  apiVersion: 1,
  pollsters: [
    ...counters.map((row) => diskMeter({ ...row, type: 'cumulative', number: 'int', needs: ['block'] })),
    ...sizes.map((row) =>
      diskMeter({ ...row, type: 'gauge', number: 'int', needs: ['diskInfo'], whenStopped: true }),
    ),
    ...computed,
    ...flavors,
  ],
} satisfies PollsterModule
