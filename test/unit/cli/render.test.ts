import { describe, expect, it } from 'vitest'
import { renderMeters } from '../../../src/cli/render-meters.js'
import { renderMissing } from '../../../src/cli/render-missing.js'
import { renderSamples } from '../../../src/cli/render-samples.js'
import { renderTable } from '../../../src/cli/table.js'
import type { Sample } from '../../../src/sample/sample.js'

const sample: Sample = {
  id: '00000000-0000-4000-8000-000000000001',
  source: 'openstack',
  name: 'cpu',
  type: 'cumulative',
  unit: 'ns',
  volume: 9007199254740993n,
  numberKind: 'int',
  userId: null,
  userName: null,
  projectId: null,
  projectName: null,
  resourceId: 'u-1',
  takenAt: { wallMs: 0, monotonicSeconds: 0 },
  metadata: {},
  extraMetadata: undefined,
}

describe('the table of samples', () => {
  it('shows instance, meter, exact volume with unit, type and resource', () => {
    expect(renderSamples([{ instanceName: 'vm-1', sample }])).toBe(
      [
        'INSTANCE  METER               VOLUME  TYPE        RESOURCE',
        'vm-1      cpu    9007199254740993 ns  cumulative  u-1',
        '',
      ].join('\n'),
    )
  })

  it('rounds floats to three decimals and prints a figure without a unit bare', () => {
    const shown = renderSamples([
      { instanceName: 'a', sample: { ...sample, volume: 12.345678, numberKind: 'float', unit: 'MiB' } },
      { instanceName: 'a', sample: { ...sample, volume: 1, unit: '' } },
    ])
    expect(
      shown
        .split('\n')
        .slice(1, 3)
        .map((line) => line.split(/ {2,}/)[2]),
    ).toEqual(['12.346 MiB', '1'])
  })
})

describe('a table', () => {
  it('shows control characters of a name as replacement characters, so that no name steers the terminal', () => {
    expect(renderTable(['A'], [['\u001b[31mred\u202etxt\n']])).toBe('A\n\ufffd[31mred\ufffdtxt\ufffd\n')
  })
})

describe('the list of missing figures', () => {
  it('says each meter and cause once, with the instances it concerns', () => {
    const figure = { meter: 'memory.usage', reason: 'no-data', detail: 'load virtio_balloon' }
    const shown = renderMissing([
      ...['a', 'b', 'c', 'd', 'a'].map((instanceName) => ({ ...figure, instanceName })),
      { ...figure, instanceName: 'a', reason: 'stuck', detail: 'QEMU does not answer' },
    ])
    expect(shown).toBe(
      '  memory.usage: no-data, load virtio_balloon (a, b, c and 1 more)\n' +
        '  memory.usage: stuck, QEMU does not answer (a)\n',
    )
  })
})

describe('the list of meters', () => {
  const meters = [
    {
      meter: 'vcpus',
      type: 'gauge',
      unit: 'vcpu',
      number: 'int',
      needs: ['vcpu'],
      per: 'instance',
      description: 'vCPUs | in use',
    },
    {
      meter: 'cpu_util',
      type: 'gauge',
      unit: '%',
      number: 'float',
      needs: ['vcpu', 'cpu'],
      per: 'instance',
      computed: true,
      description: 'Load',
    },
  ] as const

  it('is sorted by name, in JSON', () => {
    expect(JSON.parse(renderMeters(meters, 'json'))).toEqual([
      {
        meter: 'cpu_util',
        type: 'gauge',
        unit: '%',
        number: 'float',
        per: 'instance',
        needs: ['vcpu', 'cpu'],
        computed: true,
        description: 'Load',
      },
      {
        meter: 'vcpus',
        type: 'gauge',
        unit: 'vcpu',
        number: 'int',
        per: 'instance',
        needs: ['vcpu'],
        computed: false,
        description: 'vCPUs | in use',
      },
    ])
  })

  it('is a Markdown table whose cells cannot break it', () => {
    expect(renderMeters(meters, 'markdown')).toBe(
      [
        '| meter | type | unit | per | needs | meaning |',
        '| --- | --- | --- | --- | --- | --- |',
        '| `cpu_util` | gauge | % | instance | vcpu cpu | Load (computed) |',
        '| `vcpus` | gauge | vcpu | instance | vcpu | vCPUs \\| in use |',
        '',
      ].join('\n'),
    )
  })

  it('is a plain table for a terminal', () => {
    expect(renderMeters(meters, 'table').split('\n')[0]).toMatch(/^METER +TYPE +UNIT +PER +NEEDS +MEANING$/)
  })
})
