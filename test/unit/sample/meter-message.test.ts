import { describe, expect, it } from 'vitest'
import { PollsterError } from '../../../src/errors.js'
import { meterMessage } from '../../../src/sample/meter-message.js'
import type { Sample } from '../../../src/sample/sample.js'
import { wireJson } from '../../../src/sample/wire-value.js'
import { aSample } from '../../support/samples.js'

describe('a meter message', () => {
  it('has the keys of the original in its order', () => {
    expect(wireJson(meterMessage(aSample({ userName: 'anna' }), true))).toBe(
      '{"source":"openstack","counter_name":"cpu","counter_type":"cumulative","counter_unit":"ns",' +
        '"counter_volume":90000000001,"user_id":"user-1","user_name":"anna","project_id":"tenant-1",' +
        '"project_name":null,"resource_id":"9f0e4b4c-0000-4000-8000-000000000001",' +
        '"timestamp":"2026-11-21T08:08:24.123000","resource_metadata":{"display_name":"vm-1",' +
        '"flavor":{"id":"42","vcpus":2}},"message_id":"00000000-0000-4000-8000-000000000001",' +
        '"monotonic_time":2248.07588595}',
    )
  })

  it('has no names of user and project when they are not wanted', () => {
    const keys = Object.keys(meterMessage(aSample({ userName: 'anna', projectName: 'demo' }), false))
    expect(keys).toContain('user_id')
    expect(keys).not.toContain('user_name')
    expect(keys).not.toContain('project_name')
  })

  it('lays what the meter adds over the metadata of the resource, in the place of what it replaces', () => {
    const sample = aSample({
      metadata: { name: 'instance-1', host: 'h' },
      extraMetadata: { mac: 'fa:16', name: 'tap1' },
    })
    const { resource_metadata: metadata } = meterMessage(sample, true)
    expect(Object.entries(metadata as object)).toEqual([
      ['name', 'tap1'],
      ['host', 'h'],
      ['mac', 'fa:16'],
    ])
    expect(sample.metadata).toEqual({ name: 'instance-1', host: 'h' })
  })

  it.each<[string, Partial<Sample>, string]>([
    ['an integral float', { volume: 512, numberKind: 'float' }, '512.0'],
    ['a fraction', { volume: 0.00001, numberKind: 'float' }, '1e-05'],
    ['a bigint of a float meter', { volume: 2n ** 60n, numberKind: 'float' }, '1.152921504606847e+18'],
    ['a counter beyond 2^53', { volume: 2n ** 64n - 1n, numberKind: 'int' }, '18446744073709551615'],
    ['a negative integer', { volume: -3, numberKind: 'int' }, '-3'],
    ['a whole monotonic second', { takenAt: { wallMs: 0, monotonicSeconds: 12 } }, '"monotonic_time":12.0'],
  ])('writes %s as %s', (_what, fields, text) => {
    expect(wireJson(meterMessage(aSample(fields), true))).toContain(
      text.startsWith('"') ? text : `"counter_volume":${text},`,
    )
  })

  it.each<[string, Partial<Sample>]>([
    ['NaN', { volume: NaN, numberKind: 'float' }],
    ['an infinite integer', { volume: Infinity, numberKind: 'int' }],
    ['a fraction of an int meter', { volume: 1.5, numberKind: 'int' }],
    ['a bigint too large for a float', { volume: 10n ** 400n, numberKind: 'float' }],
  ])('is refused with the meter and the resource named: %s', (_what, fields) => {
    const make = () => meterMessage(aSample(fields), true)
    expect(make).toThrow(PollsterError)
    expect(make).toThrow(/^cpu of 9f0e4b4c-0000-4000-8000-000000000001 has the volume/)
  })
})
