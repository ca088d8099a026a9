import type { Discovered, DiscoveryContext, Instance } from '../../src/discovery/discovery.js'
import { localInstances, type LocalInstancesOptions } from '../../src/discovery/local-instances.js'
import type { Domain, Survey } from '../../src/inspector/inspector.js'
import { surveyOf } from './survey.js'

/** Nobody else waits for the event loop. */
export const noTurns: DiscoveryContext['turns'] = { areDue: () => false, give: () => Promise.resolve() }

/** A discovery that is asked about one survey after the other. */
export interface Discovering {
  readonly after: (survey: Survey) => Promise<Discovered>
  /** The only instance of a survey of this domain, or the reason why there is none. */
  readonly one: (domain: Domain) => Promise<Instance | string>
  /** What comes of a survey that fails. */
  readonly failing: (error: Error) => Promise<Discovered>
}

export function discovering(given: Partial<LocalInstancesOptions> = {}): Discovering {
  const options = { host: 'compute-1.example.org', source: 'openstack', unmanaged: 'skip' } as const
  const discovery = localInstances({ ...options, ...given })
  const { signal } = new AbortController()
  const discover = (survey: DiscoveryContext['survey']) =>
    discovery.discover({ survey, turns: noTurns, signal })
  const after = (survey: Survey) => discover(() => Promise.resolve(survey))
  return {
    after,
    one: async (domain) => {
      const { resources, skipped } = await after(surveyOf([domain]))
      return (resources[0] as Instance | undefined) ?? skipped[0]!.reason
    },
    failing: (error) => discover(() => Promise.reject(error)),
  }
}
