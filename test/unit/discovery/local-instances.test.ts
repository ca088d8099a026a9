import { describe, expect, test } from 'vitest'
import type { Instance } from '../../../src/discovery/discovery.js'
import { ConnectionError, InspectError } from '../../../src/errors.js'
import { caseFolders } from '../../support/cases.js'
import { discovering } from '../../support/discovering.js'
import { domainOf, surveyOf } from '../../support/survey.js'

const xmlOf = new Map(caseFolders('instances').map((folder) => [folder.name, folder.read('domain.xml')]))
const managed = domainOf(xmlOf.get('nova-1.1')!)
const other = domainOf(xmlOf.get('nova-1.0')!)

async function metadataOf(found: Promise<Instance | string>): Promise<unknown> {
  return ((await found) as Instance).metadata
}

describe('the metadata of an instance', () => {
  test('is the same object as long as the domain has the same description, name and state', async () => {
    const { one } = discovering()
    const first = await metadataOf(one(managed))
    expect(await metadataOf(one({ ...managed, stateReason: 5 }))).toBe(first)
  })

  test.each([
    ['its description', { description: { ...managed.description } }],
    ['its name', { name: 'renamed' }],
    ['its state', { state: 3, stateReason: 1 }],
  ])('is made anew when the domain changes %s', async (_, change) => {
    const { one } = discovering()
    const first = await metadataOf(one(managed))
    expect(await metadataOf(one({ ...managed, ...change }))).not.toBe(first)
  })

  test('follows the state', async () => {
    const { one } = discovering()
    await one(managed)
    expect(await metadataOf(one({ ...managed, state: 5, id: undefined }))).toMatchObject({
      state: 'shutdown',
      status: 'stopped',
    })
  })

  test('is forgotten when the domain is gone', async () => {
    const { one, after } = discovering()
    const first = await metadataOf(one(managed))
    await after(surveyOf([other]))
    expect(await metadataOf(one(managed))).not.toBe(first)
  })

  test('is kept when the hypervisor cannot be asked for a while', async () => {
    const { one, failing } = discovering()
    const first = await metadataOf(one(managed))
    const outage = new ConnectionError('LIBVIRT_UNREACHABLE', 'no libvirt')
    await expect(failing(outage)).rejects.toBe(outage)
    expect(await metadataOf(one(managed))).toBe(first)
  })
})

describe('an instance', () => {
  test('comes with the domain of this survey, not of the one it was first seen in', async () => {
    const { one } = discovering()
    await one(managed)
    const now = { ...managed, id: 13 }
    expect(((await one(now)) as Instance).domain).toBe(now)
  })

  test('is reported whatever is wrong with the domains beside it', async () => {
    const error = new InspectError('DOMAIN_XML_INVALID', 'line 1, column 2: no')
    const broken = [...xmlOf].filter(([name]) => name.startsWith('fault-')).map(([, xml]) => domainOf(xml))
    const found = await discovering().after(
      surveyOf([...broken, managed], [{ uuid: 'unreadable-uuid', name: 'unreadable', error }]),
    )
    expect(found.resources.map(({ id }) => id)).toContain(managed.uuid)
    expect(found.skipped).toContainEqual({
      id: 'unreadable-uuid',
      name: 'unreadable',
      reason: 'unreadable',
      detail: 'line 1, column 2: no',
    })
    expect(found.resources.length + found.skipped.length).toBe(broken.length + 2)
  })

  test('that Nova does not manage carries its own source', async () => {
    const plain = domainOf(xmlOf.get('unmanaged-is-reported')!)
    expect(await discovering({ unmanaged: 'skip' }).one(plain)).toBe('unmanaged')
    expect(await discovering({ unmanaged: 'report' }).one(plain)).toMatchObject({
      source: 'libvirt',
      projectId: null,
    })
  })

  test('carries the source that is configured', async () => {
    expect(await discovering({ source: 'region-2' }).one(managed)).toMatchObject({ source: 'region-2' })
  })
})
