import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { memoryOutboxes } from '../../../src/agents/outboxes.js'
import { buildHost } from '../../../src/agents/polling.js'
import { buildPublishing } from '../../../src/agents/publishing.js'
import { loadAgentOptions } from '../../../src/config/load-options.js'
import { systemClock } from '../../../src/schedule/clock.js'
import { caseFolders } from '../../support/cases.js'
import { noTurns } from '../../support/discovering.js'
import { fakeBinding } from '../../support/fake-binding.js'
import { aSample } from '../../support/samples.js'
import { domainOf, surveyOf } from '../../support/survey.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'samples-options-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

const quiet = () => undefined
const { signal } = new AbortController()
const xml = caseFolders('instances')
  .find(({ name }) => name === 'nova-2025.2')!
  .read('domain.xml')

/** A sample of an instance as a file destination has it, with this section in agent.yaml. */
async function writtenWith(section: string): Promise<Record<string, unknown>> {
  const file = join(folder, 'agent.yaml')
  writeFileSync(file, `${section}\npublisher: {driver: file, path: out}\n`, { mode: 0o600 })
  const judgeTransportUrl = () => ({ fault: undefined, warnings: [] })
  const { options } = await loadAgentOptions({ file }, { cwd: folder, hostName: 'h', judgeTransportUrl })
  const { discoveries } = buildHost(options, {
    ...{ clock: systemClock, binding: fakeBinding(), logOf: () => ({ debug: quiet, warn: quiet }) },
    inspectorObserver: {
      ...{ callReturned: quiet, callLeft: quiet, connectionLost: quiet, connected: quiet },
      ...{ domainStuck: quiet, domainRecovered: quiet, domainFailed: quiet },
    },
  })
  const survey = () => Promise.resolve(surveyOf([domainOf(xml)]))
  const found = await discoveries.get('local_instances')!.discover({ survey, turns: noTurns, signal })
  const publishing = await buildPublishing(options, {
    ...{ clock: systemClock, version: '0', logSample: quiet },
    observe: () => ({ onOutage: quiet, onRecovered: quiet }),
    openOutbox: memoryOutboxes(options, { clock: systemClock, random: Math.random, onRejected: quiet }),
  })
  const { id, ...shared } = found.resources[0]!
  await publishing.notifier.notify([aSample({ ...shared, resourceId: id })], signal)
  await publishing.close(AbortSignal.timeout(10_000))
  const [last = ''] = readFileSync(join(folder, 'out'), 'utf8').trim().split('\n').slice(-1)
  return JSON.parse(last) as Record<string, unknown>
}

describe('the section samples of agent.yaml', () => {
  it('is as the original when nothing is said: source openstack, with names', async () => {
    expect(await writtenWith('')).toMatchObject({
      source: 'openstack',
      user_name: 'alice',
      project_name: 'demo',
    })
  })

  it('sets the source of every sample', async () => {
    expect(await writtenWith('samples: {source: region-2}')).toMatchObject({ source: 'region-2' })
  })

  it('leaves the names of user and project out', async () => {
    const keys = Object.keys(await writtenWith('samples: {names: false}'))
    expect(keys).toContain('user_id')
    expect(keys).not.toContain('user_name')
    expect(keys).not.toContain('project_name')
  })

  it('takes the reserved metadata options, which without server metadata change nothing', async () => {
    const section = `samples:
  reserved_metadata_namespace: [metering., hw_]
  reserved_metadata_length: 4
  reserved_metadata_keys: [os_distro, display_name]`
    const written = await writtenWith(section)
    const usual = await writtenWith('')
    expect(written['resource_metadata']).toEqual(usual['resource_metadata'])
    expect(written['resource_metadata']).not.toHaveProperty('user_metadata')
  })
})
