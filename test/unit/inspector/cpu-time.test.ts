import { describe, expect, it } from 'vitest'
import { CpuDefinitions, vcpuTotalNs } from '../../../src/inspector/libvirt/cpu-time.js'
import { decodeStats } from '../../../src/inspector/libvirt/decode-stats.js'
import { statsColumns } from '../../support/fake-binding.js'

function figures(lines: readonly string[]) {
  const [row] = decodeStats(statsColumns(`Domain: 'd'\n${lines.join('\n')}\n`))
  return row!.figures
}

const run = { uuid: 'u', id: 1 }
const cpuNs = (lines: readonly string[]) => new CpuDefinitions().measure(run, figures(lines), true).cpuNs

describe('cpu, by the formula of ceilometer', () => {
  it.each([
    {
      what: 'adds time and wait of every vCPU',
      lines: [
        'vcpu.current=2',
        'vcpu.maximum=2',
        'vcpu.0.time=1',
        'vcpu.0.wait=2',
        'vcpu.1.time=10',
        'vcpu.1.wait=20',
      ],
      is: 33,
    },
    {
      what: 'finds online vCPUs behind gaps of offline ones',
      lines: [
        'vcpu.current=2',
        'vcpu.maximum=8',
        'vcpu.0.time=1',
        'vcpu.0.wait=2',
        'vcpu.6.time=10',
        'vcpu.6.wait=20',
        'cpu.time=9',
      ],
      is: 33,
    },
    {
      what: 'takes the domain’s time when a vCPU has no figures',
      lines: ['vcpu.current=2', 'vcpu.maximum=2', 'vcpu.0.time=1', 'vcpu.0.wait=2', 'cpu.time=9'],
      is: 9,
    },
    {
      what: 'takes the domain’s time when more vCPUs have figures than are in use',
      lines: [
        'vcpu.current=1',
        'vcpu.maximum=4',
        'vcpu.0.time=1',
        'vcpu.0.wait=2',
        'vcpu.3.time=5',
        'vcpu.3.wait=5',
        'cpu.time=9',
      ],
      is: 9,
    },
    {
      what: 'takes the sum when the number in use is not given',
      lines: ['vcpu.maximum=1', 'vcpu.0.time=7', 'vcpu.0.wait=0', 'cpu.time=9'],
      is: 7,
    },
    { what: 'has no figure for empty statistics, where ceilometer has a bogus 0', lines: [], is: undefined },
    { what: 'takes the domain’s time when there is nothing else', lines: ['cpu.time=5'], is: 5 },
    {
      what: 'is exact beyond 2^53',
      lines: [
        'vcpu.current=2',
        'vcpu.maximum=2',
        'vcpu.0.time=9007199254740993',
        'vcpu.0.wait=1',
        'vcpu.1.time=1',
        'vcpu.1.wait=0',
      ],
      is: 9007199254740995n,
    },
  ])('$what', ({ lines, is }) => {
    expect(cpuNs(lines)).toBe(is)
  })
})

const complete = ['vcpu.current=1', 'vcpu.maximum=1', 'vcpu.0.time=100', 'vcpu.0.wait=5', 'cpu.time=9']
const incomplete = ['vcpu.current=1', 'vcpu.maximum=1', 'vcpu.0.time=100', 'cpu.time=9']

describe('the definition of cpu of a domain', () => {
  it('stays the sum over the vCPUs once it was that, and has no figure when the sum is incomplete', () => {
    const definitions = new CpuDefinitions()
    expect(definitions.measure(run, figures(complete), true).cpuNs).toBe(105)
    expect(definitions.measure(run, figures(incomplete), true).cpuNs).toBeUndefined()
    expect(definitions.measure(run, figures(complete), true).cpuNs).toBe(105)
  })

  it('stays the domain’s time once it was that', () => {
    const definitions = new CpuDefinitions()
    expect(definitions.measure(run, figures(incomplete), true).cpuNs).toBe(9)
    expect(definitions.measure(run, figures(complete), true).cpuNs).toBe(9)
  })

  it('is not chosen by a look that is incomplete because the domain is stuck', () => {
    const definitions = new CpuDefinitions()
    expect(definitions.measure(run, figures(incomplete), false).cpuNs).toBeUndefined()
    expect(definitions.measure(run, figures(complete), true).cpuNs).toBe(105)
  })

  it('is chosen anew when the domain is started anew or was gone', () => {
    const definitions = new CpuDefinitions()
    definitions.measure(run, figures(incomplete), true)
    expect(definitions.measure({ ...run, id: 2 }, figures(complete), true).cpuNs).toBe(105)
    definitions.keepOnly(new Set())
    expect(definitions.measure({ ...run, id: 2 }, figures(incomplete), true).cpuNs).toBe(9)
  })

  it('needs the domain’s time only where that is the definition or the vCPUs are incomplete', () => {
    const definitions = new CpuDefinitions()
    expect(definitions.needsDomainTime(run)).toBe(false)
    expect(definitions.needsDomainTime(run, figures(incomplete.slice(0, 3)))).toBe(true)
    definitions.measure(run, figures(incomplete), true)
    expect(definitions.needsDomainTime(run)).toBe(true)
  })
})

it('counts no vCPU at or above the largest number', () => {
  expect(vcpuTotalNs(figures(['vcpu.maximum=1', 'vcpu.1.time=1', 'vcpu.1.wait=1']))).toBeUndefined()
})
