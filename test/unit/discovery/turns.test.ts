import { describe, expect, it } from 'vitest'
import type { DiscoveryContext } from '../../../src/discovery/discovery.js'
import { localInstances } from '../../../src/discovery/local-instances.js'
import { anInstance } from '../../support/instances.js'
import { surveyOf } from '../../support/survey.js'

const options = { host: 'compute-1.example.org', source: 'openstack', unmanaged: 'report' } as const
const survey = surveyOf(Array.from({ length: 100 }, (_, index) => anInstance({ number: index + 1 }).domain))

const contextOf = (give: () => Promise<void>): DiscoveryContext => ({
  survey: () => Promise.resolve(survey),
  turns: { areDue: () => true, give },
  signal: new AbortController().signal,
})

describe('discovering many instances', () => {
  it('gives a turn for each domain twice: when it is recognised and when it is reported', async () => {
    let turns = 0
    const context = contextOf(() => {
      turns += 1
      return Promise.resolve()
    })
    const { resources } = await localInstances(options).discover(context)
    expect(resources).toHaveLength(100)
    expect(turns).toBe(200)
  })

  it('ends in the midst when a turn ends it, and knows afterwards what it knew before', async () => {
    const discovery = localInstances(options)
    const first = await discovery.discover(contextOf(() => Promise.resolve()))
    const stopped = new Error('the process is ending')
    await expect(discovery.discover(contextOf(() => Promise.reject(stopped)))).rejects.toBe(stopped)
    const again = await discovery.discover(contextOf(() => Promise.resolve()))
    const metadataOf = ({ resources }: typeof first) => resources.map(({ metadata }) => metadata)
    expect(metadataOf(again).every((metadata, index) => metadata === metadataOf(first)[index])).toBe(true)
  })
})
