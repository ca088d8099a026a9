import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { fileURLToPath } from 'node:url'
import { loadBinding } from '../../src/inspector/libvirt/binding.js'
import { openLab } from '../support/lab.js'
import { pollInProcess } from '../support/poll-in-process.js'
import { runVirtpoll } from '../support/virtpoll.js'
import { startCeilometer, type Ceilometer, type ReadSample } from './ceilometer.js'
import { meterOf } from './compare.js'
import { pollWithVirtpoll } from './virtpoll.js'

const lab = openLab()
let ceilometer: Ceilometer

beforeAll(async () => {
  await lab.createDomain({ number: 1101 }, 'paused')
})
beforeEach(() => {
  ceilometer = startCeilometer()
})
afterEach(() => ceilometer.stop())
afterAll(() => lab.removeDomains())

const distinct = (samples: readonly ReadSample[], path: string) =>
  new Set(samples.map(({ fields }) => fields[path])).size

const ofMeters = (samples: readonly ReadSample[], meters: readonly string[]) =>
  samples.filter((sample) => meters.includes(meterOf(sample)))

describe('what the original does wrong, and virtpoll does not', () => {
  test('the samples of one look carry the time of that look, and not a later one each', async () => {
    const ofOneLook = ['cpu', 'memory.resident']
    const { samples } = await ceilometer.poll()
    expect(distinct(ofMeters(samples, ofOneLook), 'monotonic_time')).toBe(1)
    expect(distinct(ofMeters(samples, ofOneLook), 'timestamp')).toBe(2)

    const ours = (await pollWithVirtpoll(ceilometer)).samples
    expect(ofMeters(ours, ofOneLook)).toHaveLength(2)
    expect([distinct(ours, 'monotonic_time'), distinct(ours, 'timestamp')]).toEqual([1, 1])
  })

  test('no meter is switched off for good', async () => {
    const { complaints } = await ceilometer.poll()
    const iops = ['poll-once', '--meter', 'disk.device.iops', '--over', '1', '--format', 'jsonl']
    expect(complaints.join('\n')).toMatch(/Prevent pollster disk\.device\.iops from polling .* anymore!/)
    expect(ofMeters((await ceilometer.poll()).samples, ['disk.device.iops'])).toEqual([])

    const { stdout, code } = await runVirtpoll(iops)
    expect([code, (await ceilometer.read(stdout)).map(meterOf)]).toEqual([0, ['disk.device.iops']])
  })

  test('a shut-off domain costs no more calls than its XML once, and not three times those of a running one', async () => {
    const binding = await loadBinding()
    const before = {
      theirs: (await ceilometer.poll()).calls,
      ours: (await pollInProcess(binding)).report.calls,
    }
    await lab.createDomain({ number: 1102 }, 'defined')
    const after = {
      theirs: (await ceilometer.poll()).calls,
      ours: (await pollInProcess(binding)).report.calls,
    }

    expect(after.theirs - before.theirs).toBeGreaterThan(50)
    expect(after.ours - before.ours).toBe(1)
  })

  test('cpu is the time of the domain where the original makes up a zero', async () => {
    const uri = `test://${fileURLToPath(new URL('test-driver.xml', import.meta.url))}`
    const onTestDriver = startCeilometer(uri)
    const volumes = (samples: readonly ReadSample[]) =>
      ofMeters(samples, ['cpu']).map(({ fields }) => fields['counter_volume'])
    const theirs = volumes((await onTestDriver.poll()).samples)
    await onTestDriver.stop()
    const ours = volumes((await pollWithVirtpoll(ceilometer, uri)).samples)

    expect(theirs).toEqual(['0'])
    expect(ours).toEqual([expect.stringMatching(/^[1-9]\d*$/)])
  })
})
