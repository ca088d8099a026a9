import { ratioOfMedians, medianOf, type Estimate } from './figures.js'
import type { Rounds } from './host-rounds.js'
import type { GoalLine } from './lines.js'

/** A figure of one subject against that of another. */
interface Comparison {
  readonly goal: string
  readonly figure: string
  readonly of: string
  readonly to: string
  readonly limit: GoalLine['limit']
}

const floorOf = (meters: string) => `floor, ${meters} meters`
const virtpollOf = (meters: string, sending = 'sending') => `virtpoll, ${meters} meters, ${sending}`
const ceilometerOf = (meters: string, sending = 'sending') => `ceilometer, ${meters} meters, ${sending}`

const wall = 'wall_seconds'
const ownCpu = 'own_cpu_seconds'
const hypervisorCpu = 'hypervisor_cpu_seconds'

const againstFloor: readonly Comparison[] = [
  ...['usual', 'all'].map((meters) => ({
    goal: `cycle, ${meters} meters: virtpoll / C floor, wall time`,
    ...{ figure: wall, of: virtpollOf(meters), to: floorOf(meters), limit: { atMost: 1.1 } },
  })),
  {
    goal: 'cycle, usual meters, every domain new: virtpoll / C floor, wall time',
    ...{ figure: wall, of: `${virtpollOf('usual')}, all new`, to: `${floorOf('usual')}, all new` },
    limit: { atMost: 1.3 },
  },
]

const againstCeilometer: readonly Comparison[] = [
  ...Object.entries({ usual: 6.5, all: 4.5 }).map(([meters, atLeast]) => ({
    goal: `cycle, ${meters} meters: ceilometer / virtpoll, wall time`,
    ...{ figure: wall, of: ceilometerOf(meters), to: virtpollOf(meters), limit: { atLeast } },
  })),
  {
    goal: 'cycle, usual meters: ceilometer / virtpoll, CPU of libvirtd and QEMU',
    ...{ figure: hypervisorCpu, of: ceilometerOf('usual'), to: virtpollOf('usual'), limit: { atLeast: 3 } },
  },
  ...Object.entries({ 'not sending': 15, sending: 10 }).flatMap(([sending, atLeast]) =>
    ['usual', 'all'].map((meters) => ({
      goal: `cycle, ${meters} meters, both ${sending}: ceilometer / virtpoll, own CPU`,
      ...{
        figure: ownCpu,
        of: ceilometerOf(meters, sending),
        to: virtpollOf(meters, sending),
        limit: { atLeast },
      },
    })),
  ),
  ...['usual', 'all'].map((meters) => ({
    goal: `${meters} meters, both sending: virtpoll / ceilometer, peak memory`,
    ...{
      figure: 'peak_resident_bytes',
      of: virtpollOf(meters),
      to: ceilometerOf(meters),
      limit: { atMost: 0.8 },
    },
  })),
]

/** virtpoll reads statistics in so many slices at once: one less than may hang. */
const slices = 2

/** The goals that a host part shows; those against a rival that is not there are left out. */
export function hostGoals(part: string, instances: number, rounds: Rounds): readonly GoalLine[] {
  const compared = [...againstFloor, ...againstCeilometer].flatMap((comparison) => {
    const reached = compare(rounds, comparison)
    const { goal, limit } = comparison
    return reached === undefined ? [] : [{ line: 'goal' as const, part, goal, reached, limit, unit: '×' }]
  })
  return [
    ...compared,
    callGoal(part, rounds, 'usual', 1 + slices),
    callGoal(part, rounds, 'all', 1 + slices + instances),
  ]
}

function compare(rounds: Rounds, { figure, of, to }: Comparison): Estimate | undefined {
  const numerators = rounds.get(of)?.[figure]
  const denominators = rounds.get(to)?.[figure]
  if (numerators === undefined || denominators === undefined) return undefined
  return ratioOfMedians(numerators.map((value, round) => [value, denominators[round] ?? NaN]))
}

/** All meters include disk sizes, which take a call a disk; each guest has one. */
function callGoal(part: string, rounds: Rounds, meters: string, atMost: number): GoalLine {
  const reached = medianOf(rounds.get(virtpollOf(meters))?.['libvirt_calls'] ?? [])
  return {
    line: 'goal',
    part,
    goal: `steady cycle, ${meters} meters: libvirt calls`,
    reached,
    limit: { atMost },
    unit: 'calls',
  }
}
