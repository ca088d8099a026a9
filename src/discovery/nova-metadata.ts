import { InspectError } from '../errors.js'
import type { XmlElement } from '../inspector/inspector.js'
import type { Flavor } from './discovery.js'

/** What Nova wrote about an instance into its domain, as far as samples carry it. Empty texts are null. */
export interface NovaMetadata {
  /** Undefined where Nova's metadata has no `<name>`. */
  readonly displayName: string | null | undefined
  readonly userId: string | null
  readonly userName: string | null
  readonly projectId: string
  readonly projectName: string | null
  /** Null where the flavor cannot be read. */
  readonly flavor: Flavor | null
  /** The image that the root disk was made from; null for an instance booted from a volume. */
  readonly imageId: string | null
  /** `<image>` of Nova 2025.2 and later, properties included; undefined before. */
  readonly imageMeta: Readonly<Record<string, string | null>> | undefined
}

export interface DecodedNovaMetadata {
  readonly nova: NovaMetadata
  /** What is wrong with it and what the samples lack for it, one sentence each. */
  readonly faults: readonly string[]
}

/** Newest first: a domain that carries both is described by the newer one. */
const namespaces = [
  'http://openstack.org/xmlns/libvirt/nova/1.1',
  'http://openstack.org/xmlns/libvirt/nova/1.0',
]

/** Elements of `<image>` that samples carry, by the name they carry them under. */
const imageElements = {
  container_format: 'containerFormat',
  disk_format: 'diskFormat',
  min_disk: 'minDisk',
  min_ram: 'minRam',
}

/**
 * Finds Nova's element, by namespace, among the children of a domain's `<metadata>` and reads it (format:
 * nova/virt/libvirt/config.py, LibvirtConfigGuestMetaNovaInstance).
 *
 * A fault costs what it stands on and nothing else: a figure that is no whole number is null, a user without uuid is
 * null, a flavor with neither name nor id is null, and each is named in `faults`.
 *
 * @returns undefined when no element is Nova's: an instance that Nova does not manage.
 * @throws InspectError METADATA_INVALID when there is no project, because then nobody can be billed.
 */
export function decodeNovaMetadata(metadata: readonly XmlElement[]): DecodedNovaMetadata | undefined {
  const instance = namespaces
    .map((namespace) => metadata.find((element) => element.namespace === namespace))
    .find((element) => element !== undefined)
  if (instance === undefined) return undefined
  const faults = new Set<string>()
  const fault = (text: string) => void faults.add(text)
  return { nova: decodeInstance(instance, fault), faults: [...faults] }
}

type ReportFault = (text: string) => void

function decodeInstance(instance: XmlElement, fault: ReportFault): NovaMetadata {
  const user = child(instance, 'owner', 'user')
  const project = child(instance, 'owner', 'project')
  const projectId = project?.attributes['uuid']
  if (!projectId)
    throw new InspectError(
      'METADATA_INVALID',
      'the Nova metadata has no owner/project uuid, so nobody could be billed for the instance: have Nova rewrite it (hard reboot)',
    )
  const userId = user?.attributes['uuid']
  if (!userId) fault('the Nova metadata has no owner/user uuid: samples carry no user_id')
  const name = child(instance, 'name')
  if (name === undefined) fault("the Nova metadata has no name: samples carry libvirt's name as display_name")
  return {
    displayName: name && textOf(name),
    userId: userId || null,
    userName: textOf(user),
    projectId,
    projectName: textOf(project),
    flavor: decodeFlavor(child(instance, 'flavor'), fault),
    imageId: decodeRootImage(instance, fault),
    imageMeta: decodeImage(child(instance, 'image'), fault),
  }
}

function decodeFlavor(flavor: XmlElement | undefined, fault: ReportFault): Flavor | null {
  const name = flavor?.attributes['name'] ?? flavor?.attributes['id']
  if (flavor === undefined || name === undefined) {
    fault('the Nova metadata has no flavor with a name: samples carry no flavor')
    return null
  }
  if (flavor.attributes['name'] === undefined)
    fault('the flavor in the Nova metadata has no name: samples carry its id as instance_type')
  const figure = (element: string) => decodeFigure(flavor, element, fault)
  return {
    id: flavor.attributes['id'] || name,
    name,
    vcpus: figure('vcpus'),
    ramMiB: figure('memory'),
    diskGiB: figure('disk'),
    ephemeralGiB: figure('ephemeral'),
    swapMiB: figure('swap'),
    extraSpecs: decodeExtraSpecs(child(flavor, 'extraSpecs'), fault),
  }
}

/** A whole number, 0 where the element is missing, null where it is something else. */
function decodeFigure(flavor: XmlElement, element: string, fault: ReportFault): number | null {
  const text = child(flavor, element)?.text ?? '0'
  const value = Number(text)
  if (/^\s*[+-]?\d+\s*$/.test(text) && Number.isSafeInteger(value)) return value
  fault(
    `flavor/${element} in the Nova metadata is ${JSON.stringify(text.slice(0, 40))} instead of a whole number: samples carry null for it`,
  )
  return null
}

function decodeExtraSpecs(extraSpecs: XmlElement | undefined, fault: ReportFault): Flavor['extraSpecs'] {
  return extraSpecs && Object.fromEntries(namedTexts(extraSpecs, 'extraSpec', fault))
}

function decodeRootImage(instance: XmlElement, fault: ReportFault): string | null {
  const root = children(instance, 'root').find(({ attributes }) => attributes['type'] === 'image')
  if (root === undefined) return null
  const id = root.attributes['uuid']
  if (id === undefined) fault('root of type image in the Nova metadata has no uuid: samples carry no image')
  return id ?? null
}

function decodeImage(image: XmlElement | undefined, fault: ReportFault): NovaMetadata['imageMeta'] {
  if (image === undefined) return undefined
  const reference = image.attributes['uuid']
  const properties = child(image, 'properties')
  return Object.fromEntries([
    ...(reference === undefined ? [] : [['base_image_ref', reference] as const]),
    ...Object.entries(imageElements).flatMap(([key, name]) => {
      const element = child(image, name)
      return element === undefined ? [] : [[key, textOf(element)] as const]
    }),
    ...(properties === undefined ? [] : namedTexts(properties, 'property', fault)),
  ])
}

/** Texts of the children of that name, by their attribute `name`. */
function namedTexts(
  parent: XmlElement,
  name: string,
  fault: ReportFault,
): readonly (readonly [string, string | null])[] {
  return children(parent, name).flatMap((element) => {
    const key = element.attributes['name']
    if (key !== undefined) return [[key, textOf(element)] as const]
    fault(`${parent.name}/${name} in the Nova metadata has no name: samples do not carry it`)
    return []
  })
}

/** Children of that name in their parent's own namespace. */
function children(parent: XmlElement, name: string): readonly XmlElement[] {
  return parent.children.filter((element) => element.name === name && element.namespace === parent.namespace)
}

function child(parent: XmlElement, ...path: readonly string[]): XmlElement | undefined {
  let found: XmlElement | undefined = parent
  for (const name of path) found = found && children(found, name)[0]
  return found
}

function textOf(element: XmlElement | undefined): string | null {
  return element?.text || null
}
