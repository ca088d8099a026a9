import { describe, expect, it } from 'vitest'
import { loadConfiguration } from '../../../src/agents/configuration.js'
import { remarksOf } from '../../../src/cli/poll-once-remarks.js'
import { printPolled } from '../../../src/cli/poll-once.js'
import { AgentError, ConnectionError, DestinationError } from '../../../src/errors.js'
import type { PolledOnce } from '../../../src/polling/poll-once.js'
import type { CycleReport } from '../../../src/polling/report.js'
import { aSample } from '../../support/samples.js'

const { options } = await loadConfiguration(
  {},
  { cwd: '/nowhere', hostName: 'host', packageFolder: '/nowhere', version: '0' },
)
const instant = { wallMs: 0, monotonicSeconds: 0 }
const report: CycleReport = {
  ...{ startedAt: instant, finishedAt: instant, seconds: 1, calls: 3, notifications: 0, instances: 1 },
  ...{ expected: 1, produced: 1, missing: {}, unaccounted: 0, schedules: [] },
  ...{ skipped: [], faults: [], pollsters: [], error: undefined },
}
const whole: PolledOnce = {
  ...{ report, samples: [{ instanceName: 'vm-1', sample: aSample() }], missing: [], unmatched: [] },
}
const lost = (error: Error): PolledOnce => ({ ...whole, report: { ...report, error } })

/** How poll-once ends with this poll, and what it said in which order. */
async function ended(polled: PolledOnce, publish = () => Promise.resolve(true), said: string[] = []) {
  const output = (name: string) => ({ write: (text: string) => said.push(`${name} ${text}`) })
  const io = { stdout: output('out'), stderr: output('err') }
  const code = await printPolled(polled, { format: 'table', options, io, failures: [], publish })
  return { code, said: said.map((line) => line.trim()).filter((line) => line !== 'err') }
}

const table = expect.stringMatching(/^out INSTANCE .*\nvm-1 /) as string

describe('what poll-once prints of a poll', () => {
  it('is its samples, and it ends with 0', async () => {
    expect(await ended(whole)).toEqual({ code: 0, said: [table] })
  })

  it.each<[number, Error]>([
    [69, new ConnectionError('LIBVIRT_UNREACHABLE', 'libvirt went away')],
    [1, new AgentError('CONFIG_INVALID', 'there is no discovery x')],
  ])('that was lost in part is what there is, then its error, and it ends with %i', async (code, error) => {
    expect(await ended(lost(error))).toEqual({ code, said: [table, `err ${error.message}`] })
  })

  it('that was lost altogether is its error alone', async () => {
    const error = new ConnectionError('LIBVIRT_UNREACHABLE', 'no libvirt')
    await expect(ended({ ...lost(error), samples: [] })).rejects.toBe(error)
  })

  it('that was lost in part and cannot be delivered either is told all the same', async () => {
    const away = new DestinationError('BROKER_UNREACHABLE', 'no broker')
    const polled = lost(new AgentError('CONFIG_INVALID', 'there is no discovery x'))
    const said: string[] = []
    await expect(ended(polled, () => Promise.reject(away), said)).rejects.toBe(away)
    expect(said).toContain('err there is no discovery x\n')
  })

  it('that was not delivered altogether ends with 1', async () => {
    expect(await ended(whole, () => Promise.resolve(false))).toMatchObject({ code: 1 })
  })
})

describe('the remarks about a poll', () => {
  const failure = { uuid: 'u', name: 'instance-1', message: 'blockInfo failed: cannot open \u001b[2J/i/vda' }

  it('have the text of an error that libvirt answered with, and the poll is well all the same', () => {
    const missing = [{ instanceName: 'vm-1', meter: 'm', reason: 'no-data', detail: 'an error' }] as const
    expect(remarksOf({ ...whole, missing }, [failure])).toEqual({
      text:
        '1 figure missing:\n  m: no-data, an error (vm-1)\n' +
        'instance-1: blockInfo failed: cannot open \ufffd[2J/i/vda\n',
      partial: false,
    })
  })

  it('say once why a domain that is left out cannot be read', () => {
    const skipped = [{ id: 'u', name: 'vm-1', reason: 'unreadable', detail: failure.message }] as const
    expect(remarksOf({ ...whole, report: { ...report, skipped } }, [failure])).toEqual({
      text: 'vm-1 left out: blockInfo failed: cannot open \ufffd[2J/i/vda\n',
      partial: true,
    })
  })
})
