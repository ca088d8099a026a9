import { InspectError } from '../errors.js'
import type { DiskDescription, DomainDescription, VnicDescription, XmlElement } from './inspector.js'
import { parseXml } from './xml-tree.js'

/**
 * What the agent needs of a domain's XML (`virDomainGetXMLDesc`, format of libvirt.org/formatdomain.html). Only
 * libvirt's own elements at their own place count, not those of the same name in metadata or in a backing chain.
 *
 * @throws InspectError DOMAIN_XML_INVALID when the text is not a domain's XML; nothing else.
 */
export function decodeDomainXml(xml: string): DomainDescription {
  const domain = parseXml(xml)
  if (domain.name !== 'domain' || domain.namespace !== '')
    throw new InspectError(
      'DOMAIN_XML_INVALID',
      `the root of the XML is {${domain.namespace.slice(0, 60)}}${domain.name.slice(0, 60)} instead of libvirt's domain`,
    )
  const osType = first(domain, 'os', 'type')
  // A clone, because strings cut from the XML would keep all of it in memory.
  return structuredClone({
    osType: osType?.text,
    architecture: osType?.attributes['arch'],
    disks: all(domain, 'devices', 'disk').flatMap(disk),
    vnics: all(domain, 'devices', 'interface').flatMap(vnic),
    metadata: all(domain, 'metadata').flatMap((metadata) => metadata.children),
  })
}

function disk(element: XmlElement): readonly DiskDescription[] {
  const device = first(element, 'target')?.attributes['dev']
  return device ? [{ device, hasSource: first(element, 'source') !== undefined }] : []
}

function vnic(element: XmlElement): readonly VnicDescription[] {
  const target = first(element, 'target')
  const mac = first(element, 'mac')?.attributes['address']
  if (target === undefined || mac === undefined) return []
  const filter = first(element, 'filterref')?.attributes['filter'] ?? null
  return [{ device: target.attributes['dev'] || undefined, mac, filter, parameters: parameters(element) }]
}

function parameters(vnic: XmlElement): Readonly<Record<string, string | null>> {
  const filterParameters = all(vnic, 'filterref', 'parameter').flatMap(({ attributes }) =>
    attributes['name'] === undefined
      ? []
      : [[attributes['name'].toLowerCase(), attributes['value'] ?? null] as const],
  )
  return Object.fromEntries([
    ...filterParameters,
    ['interfaceid', first(vnic, 'virtualport', 'parameters')?.attributes['interfaceid'] ?? null],
    ['bridge', first(vnic, 'source')?.attributes['bridge'] ?? null],
  ])
}

/** libvirt's elements at a path below an element, in the order of the document. */
function all(element: XmlElement, ...path: readonly string[]): readonly XmlElement[] {
  let found: readonly XmlElement[] = [element]
  for (const name of path)
    found = found.flatMap(({ children }) =>
      children.filter((child) => child.name === name && child.namespace === ''),
    )
  return found
}

function first(element: XmlElement, ...path: readonly string[]): XmlElement | undefined {
  return all(element, ...path)[0]
}
