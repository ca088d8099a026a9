import {
  instanceMeter,
  type InstanceMeterRow,
  type MemoryStats,
  type Pollster,
  type PollsterModule,
} from 'virtpoll/pollster'

const noDriver =
  'the guest has no balloon driver, or reports no statistics (virsh dommemstat DOMAIN --period 10 --live asks it to)'

type MemoryRow = Pick<InstanceMeterRow, 'meter' | 'description' | 'whenStopped' | 'whenAbsent'> & {
  readonly type?: 'gauge' | 'cumulative'
  readonly kib: (memory: MemoryStats, stopped: boolean) => number | undefined
}

/** Figures come in KiB and go out in MiB, as floats, never rounded. */
function memoryMeter({ kib, type = 'gauge', ...row }: MemoryRow): Pollster {
  return instanceMeter({
    ...row,
    type,
    unit: 'MiB',
    number: 'float',
    needs: ['balloon'],
    volume(look) {
      const figure = kib(look.memory, look.shutOff)
      return figure === undefined ? undefined : figure / 1024
    },
  })
}

/** What the guest cannot give away: what is available less what is usable, or less what is unused in older guests. */
function usedKiB({ availableKiB, usableKiB, unusedKiB }: MemoryStats): number | undefined {
  const free = usableKiB ?? unusedKiB
  return availableKiB === undefined || free === undefined ? undefined : availableKiB - free
}

const memoryMeters = [
  memoryMeter({
    meter: 'memory',
    whenStopped: true,
    description: 'memory the instance has now (balloon); of a stopped instance its maximum',
    kib: (memory, stopped) => (stopped ? memory.maximumKiB : memory.actualKiB),
  }),
  memoryMeter({
    meter: 'memory.available',
    whenAbsent: noDriver,
    description: 'memory that the guest system sees',
    kib: (memory) => memory.availableKiB,
  }),
  memoryMeter({
    meter: 'memory.usage',
    whenAbsent: noDriver,
    description: 'memory that the guest uses and could not give away, page cache not counted',
    kib: usedKiB,
  }),
  memoryMeter({
    meter: 'memory.resident',
    description: 'memory of the host that the instance occupies',
    kib: (memory) => memory.rssKiB,
  }),
  // Only together: one without the other is a guest that does not report swapping.
  memoryMeter({
    meter: 'memory.swap.in',
    type: 'cumulative',
    whenAbsent: noDriver,
    description: 'memory that the guest swapped in since it started',
    kib: ({ swapInKiB, swapOutKiB }) => (swapOutKiB === undefined ? undefined : swapInKiB),
  }),
  memoryMeter({
    meter: 'memory.swap.out',
    type: 'cumulative',
    whenAbsent: noDriver,
    description: 'memory that the guest swapped out since it started',
    kib: ({ swapInKiB, swapOutKiB }) => (swapInKiB === undefined ? undefined : swapOutKiB),
  }),
]

export default { apiVersion: 1, pollsters: memoryMeters } satisfies PollsterModule
