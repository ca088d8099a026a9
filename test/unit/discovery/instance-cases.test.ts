import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { localInstances } from '../../../src/discovery/local-instances.js'
import { caseFolders, expectCase, type CaseFolder } from '../../support/cases.js'
import { noTurns } from '../../support/discovering.js'
import { domainOf, surveyOf, withoutDomains, type Listing } from '../../support/survey.js'

interface Options extends Listing {
  readonly unmanaged?: 'skip' | 'report'
}

interface Original {
  readonly resource_id: string
  readonly user_id: string
  readonly project_id: string
  readonly resource_metadata: Readonly<Record<string, unknown>>
}

const folders = caseFolders('instances')

async function discover(folder: CaseFolder) {
  const options = folder.readJson<Options>('options.json', {})
  const discovery = localInstances({
    host: 'compute-1.example.org',
    source: 'openstack',
    unmanaged: options.unmanaged ?? 'skip',
  })
  const survey = surveyOf([domainOf(folder.read('domain.xml'), options)])
  return discovery.discover({
    survey: () => Promise.resolve(survey),
    turns: noTurns,
    signal: new AbortController().signal,
  })
}

describe('an instance', () => {
  test.each(folders)('is discovered as its case says: $name', async (folder) => {
    expectCase(folder, 'discovered.json', withoutDomains(await discover(folder)))
  })
})

/** Sound domains that ceilometer reports, too. */
const reported = folders.filter(
  (folder) =>
    !folder.name.startsWith('fault-') &&
    existsSync(join(folder.path, 'ceilometer.json')) &&
    folder.read('ceilometer.json').startsWith('{'),
)

describe('beside ceilometer', () => {
  test('there are enough domains to compare', () => {
    expect(reported.length).toBeGreaterThanOrEqual(25)
  })

  test.each(reported)(
    'an instance has the same owner and metadata, in the same order: $name',
    async (folder) => {
      const original = folder.readJson<Original>('ceilometer.json')
      const [instance] = (await discover(folder)).resources
      expect(
        JSON.stringify({
          resource_id: instance?.id,
          user_id: instance?.userId,
          project_id: instance?.projectId,
          resource_metadata: instance?.metadata,
        }),
      ).toBe(JSON.stringify(original))
    },
  )
})
