import { ratioOfMedians, medianOf, type Estimate } from './figures.js'
import type { Rounds } from './host-rounds.js'
import type { GoalLine, UnmeasuredLine } from './lines.js'

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

/** virtpoll reads statistics in so many slices: two for each call that may hang. */
const slices = 6

/** The goals of a host part; of one that it does not measure, why. */
export function hostGoals(
  part: string,
  instances: number,
  rounds: Rounds,
): readonly (GoalLine | UnmeasuredLine)[] {
  const compared = [...againstFloor, ...againstCeilometer].map((comparison) => {
    const reached = compare(rounds, comparison)
    const of = { part, goal: comparison.goal, limit: comparison.limit, unit: '×' }
    return reached === undefined
      ? { line: 'unmeasured' as const, ...of, why: whyNot(rounds, comparison) }
      : { line: 'goal' as const, ...of, reached }
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

function whyNot(rounds: Rounds, { of, to }: Comparison): string {
  const ceilometer = [...rounds.keys()].some((name) => name.startsWith('ceilometer'))
  if (!ceilometer && `${of} ${to}`.includes('ceilometer')) return 'ceilometer is not installed'
  return 'not measured on so large a host, see host-100'
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
