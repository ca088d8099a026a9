import { expect, it } from 'vitest'
import { inspectorOf, lookAt, runningDomain } from '../../support/inspector.js'

it.each(['QEMU', 'LXC'])(
  'a look by the driver %s has the time at which the answer arrived',
  async (driver) => {
    const everyCallTakesASecond = async () => {
      await clock.sleepUntil(clock.now().monotonicSeconds + 1, signal)
      answered = clock.now()
    }
    const { clock, cycleFor, signal } = inspectorOf({
      hypervisorType: driver,
      domains: [runningDomain(1)],
      script: everyCallTakesASecond,
    })
    let answered = clock.now()

    const look = lookAt(await cycleFor(60, ['cpu', 'vcpu']), 'instance-1')

    expect(answered.monotonicSeconds).toBeGreaterThan(1001)
    expect(look.takenAt).toEqual(answered)
  },
)
