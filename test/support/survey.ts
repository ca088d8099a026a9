import type { Discovered } from '../../src/discovery/discovery.js'
import type { Domain, Survey } from '../../src/inspector/inspector.js'
import { decodeDomainXml } from '../../src/inspector/domain-xml.js'
import { parseXml } from '../../src/inspector/xml-tree.js'

/** What a listing says of a domain beside its XML; default: running, with the id 12. */
export interface Listing {
  readonly state?: number
  readonly stateReason?: number
  readonly id?: number | null
}

/** The domain that a survey makes of an XML. */
export function domainOf(xml: string, { state = 1, stateReason = 1, id = 12 }: Listing = {}): Domain {
  const text = (name: string) => parseXml(xml).children.find((child) => child.name === name)?.text ?? ''
  return {
    uuid: text('uuid'),
    name: text('name'),
    id: id ?? undefined,
    state,
    stateReason,
    description: decodeDomainXml(xml),
  }
}

export function surveyOf(domains: readonly Domain[], unreadable: Survey['unreadable'] = []): Survey {
  return { takenAt: { wallMs: 0, monotonicSeconds: 0 }, domains, unreadable, calls: 1 }
}

/** A discovery's result as its cases keep it: without the domain, which is what came in. */
export function withoutDomains({ resources, skipped, faults }: Discovered): unknown {
  const withoutDomain = (resource: object) =>
    Object.fromEntries(Object.entries(resource).filter(([key]) => key !== 'domain'))
  return { resources: resources.map(withoutDomain), skipped, faults }
}
