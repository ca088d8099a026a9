import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openLab } from '../support/lab.js'
import { startCeilometer, type CeilometerCycle } from './ceilometer.js'
import { compare, instanceOf, meterOf } from './compare.js'
import { subjects } from './domains.js'
import { createSubjects, defineFilter, silenceTaps, type LivingSubject } from './lab-subjects.js'
import { compareNewerMeters, newerMeters } from './newer-meters.js'
import { startOpenVswitch, type OpenVswitch } from './open-vswitch.js'
import { allowances, compared, equal, faults, render, writeReport, type Findings } from './report.js'
import { pollWithVirtpoll, type VirtpollCycle } from './virtpoll.js'

const lab = openLab()
const testDriver = `test://${fileURLToPath(new URL('test-driver.xml', import.meta.url))}`

interface Readings {
  readonly before: VirtpollCycle
  readonly original: CeilometerCycle
  readonly after: VirtpollCycle
}

let openVswitch: OpenVswitch | undefined
let living: LivingSubject[] = []
let readings: Readings
let findings: Findings

/** The original between two readings of virtpoll. */
async function read(uri?: string): Promise<Readings> {
  const ceilometer = startCeilometer(uri)
  try {
    const before = await pollWithVirtpoll(ceilometer, uri)
    const original = await ceilometer.poll()
    return { before, original, after: await pollWithVirtpoll(ceilometer, uri) }
  } finally {
    await ceilometer.stop()
  }
}

const isNewer = (sample: VirtpollCycle['samples'][number]) => newerMeters.has(meterOf(sample))
const without = ({ samples }: VirtpollCycle) => samples.filter((sample) => !isNewer(sample))

function comparisonOf({ before, original, after }: Readings, moving: ReadonlySet<string>) {
  return compare({ before: without(before), original: original.samples, after: without(after), moving })
}

beforeAll(async () => {
  openVswitch = await startOpenVswitch()
  await defineFilter('nova-instance-1')
  living = await createSubjects(lab, subjects)
  const moving = living.filter(({ subject: { life } }) => life === 'running' || life === 'booted')
  await silenceTaps(moving.map(({ domain }) => domain))
  readings = await read()
  const onTestDriver = await read(testDriver)
  const everyTestDomain = new Set(Object.keys(onTestDriver.original.instances))
  findings = {
    comparisons: [
      comparisonOf(readings, new Set(moving.map(({ domain }) => domain.uuid))),
      comparisonOf(onTestDriver, everyTestDomain),
    ],
    newer: await compareNewerMeters(readings.after.samples.filter(isNewer), readings.original.instances),
    instances: new Map([
      ...subjects.flatMap((subject) =>
        living.flatMap((one) =>
          one.subject === subject && !subject.foreign ? [[one.domain.uuid, subject.what] as const] : [],
        ),
      ),
      ...[...everyTestDomain].map((uuid) => [uuid, "on libvirt's test driver"] as const),
    ]),
  }
  const report = render(findings)
  await writeReport(report)
  console.log(report)
})

afterAll(async () => {
  await lab.removeDomains()
  await openVswitch?.stop()
})

describe('beside the original, on the same domains', () => {
  test('every sample is equal but for the allowed differences', () => {
    expect(faults(findings)).toEqual([])
    expect(equal(findings)).toHaveLength(compared(findings).length)
  })

  test('at least 25 instances and 600 samples are compared in one run', () => {
    const [onQemu] = findings.comparisons
    expect(onQemu?.compared.length).toBeGreaterThanOrEqual(600)
    expect(new Set(onQemu?.compared.map(({ instance }) => instance)).size).toBeGreaterThanOrEqual(25)
  })

  test.each(subjects)('$what: both report it, or neither', ({ what, foreign, life }) => {
    const { uuid } = living.find(({ subject }) => subject.what === what)!.domain
    const measured = compared(findings).filter(({ instance }) => instance === uuid)
    expect(Object.hasOwn(readings.original.instances, uuid)).toBe(!foreign)
    expect(measured.length > 0).toBe(!foreign && life !== 'defined')
    expect(readings.after.samples.some((sample) => instanceOf(sample) === uuid)).toBe(!foreign)
  })

  test('every allowed difference still occurs', () => {
    expect(allowances(findings).filter(({ samples }) => samples === 0)).toEqual([])
  })

  test('the meters that its release lacks are equal to their formulas', () => {
    const { newer } = findings
    expect(new Set(newer.equal.map(({ meter }) => meter))).toEqual(newerMeters)
    expect(newer.equal).toHaveLength(newer.compared.length)
  })

  test('its verifier takes every signature', () => {
    const ours = [...readings.before.samples, ...readings.after.samples]
    expect(ours.length).toBeGreaterThan(1200)
    expect(ours.filter(({ verified }) => !verified)).toEqual([])
  })

  test('virtpoll calls the poll a success', () => {
    expect([readings.before.exitCode, readings.after.exitCode]).toEqual([0, 0])
  })
})
