import { vnicDelta, vnicMeter, vnicRate } from 'virtpoll/pollster'
import type { PollsterModule, VnicStats } from 'virtpoll/pollster'

interface Counter {
  /** What follows `network.incoming.` and `network.outgoing.`. */
  readonly name: string
  readonly unit: string
  readonly what: string
  readonly incoming: keyof VnicStats & `rx${string}`
  readonly outgoing: keyof VnicStats & `tx${string}`
}

const counters: readonly Counter[] = [
  { name: 'bytes', unit: 'B', what: 'bytes', incoming: 'rxBytes', outgoing: 'txBytes' },
  { name: 'packets', unit: 'packet', what: 'packets', incoming: 'rxPackets', outgoing: 'txPackets' },
  {
    name: 'packets.drop',
    unit: 'packet',
    what: 'dropped packets',
    incoming: 'rxDrops',
    outgoing: 'txDrops',
  },
  {
    name: 'packets.error',
    unit: 'packet',
    what: 'erroneous packets',
    incoming: 'rxErrors',
    outgoing: 'txErrors',
  },
]

const directions = [
  { direction: 'incoming', verb: 'received', bytes: 'rxBytes' },
  { direction: 'outgoing', verb: 'sent', bytes: 'txBytes' },
] as const

export default {
  apiVersion: 1,
  pollsters: directions.flatMap(({ direction, verb, bytes }) => [
    ...counters.map(({ name, unit, what, [direction]: figure }) =>
      vnicMeter({
        meter: `network.${direction}.${name}`,
        type: 'cumulative',
        unit,
        number: 'int',
        needs: ['interface'],
        description: `${what} ${verb} since the vNIC exists`,
        volume: (vnic) => vnic[figure],
      }),
    ),
    vnicDelta({
      meter: `network.${direction}.bytes.delta`,
      unit: 'B',
      needs: ['interface'],
      description: `bytes ${verb} since the look before; 0 at first sight, after a restart what was ${verb} since`,
      counter: (vnic) => vnic[bytes],
    }),
    vnicRate({
      meter: `network.${direction}.bytes.rate`,
      unit: 'B/s',
      needs: ['interface'],
      computed: true,
      description: `bytes ${verb} a second between two looks`,
      counters: (vnic) => [vnic[bytes]],
      volume: ([moved = 0], seconds) => moved / seconds,
    }),
  ]),
} satisfies PollsterModule
