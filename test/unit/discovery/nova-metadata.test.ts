import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Instance } from '../../../src/discovery/discovery.js'
import type { XmlElement } from '../../../src/inspector/inspector.js'
import { caseFolders } from '../../support/cases.js'
import { discovering } from '../../support/discovering.js'
import { domainOf, surveyOf } from '../../support/survey.js'

const xmlOf = new Map(caseFolders('instances').map((folder) => [folder.name, folder.read('domain.xml')]))
const managed = domainOf(xmlOf.get('nova-1.1')!)
const other = domainOf(xmlOf.get('nova-1.0')!)

describe('a fault in Nova metadata', () => {
  const ofTheDomain = ['display_name', 'name', 'instance_id', 'host']
  /** Case, what samples lack or have otherwise; undefined: there are no samples. */
  const losses: readonly (readonly [string, readonly string[] | undefined])[] = [
    ['fault-no-owner', undefined],
    ['fault-no-project', undefined],
    ['fault-project-without-uuid', undefined],
    ['fault-no-user', ['userId']],
    ['fault-user-without-uuid', ['userId']],
    ['fault-no-name', []],
    ['fault-no-flavor', flavorKeys()],
    ['fault-flavor-without-name', flavorKeys()],
    ['fault-flavor-with-id-only', ['instance_type', 'flavor.id', 'flavor.name']],
    ['fault-non-numeric-flavor', flavorKeys().filter((key) => !/type|id$|name$/.test(key))],
    ['fault-extra-spec-without-name', ['flavor.extra_specs.k']],
    ['fault-root-image-without-uuid', ['image', 'image.id', 'image_ref']],
    ['fault-property-without-name', ['image_meta.base_image_ref', 'image_meta.k']],
  ]

  test.each(losses)('costs what it stands on and nothing else: %s', async (name, expected) => {
    const sound = flat((await discovering().one(managed)) as Instance)
    const { resources, skipped, faults } = await discovering().after(surveyOf([domainOf(xmlOf.get(name)!)]))
    if (expected === undefined) {
      expect(skipped).toMatchObject([{ reason: 'unreadable' }])
      expect(resources).toEqual([])
      return
    }
    const found = flat(resources[0] as Instance)
    const changed = [...new Set([...sound.keys(), ...found.keys()])].filter(
      (key) => sound.get(key) !== found.get(key) && !ofTheDomain.includes(key),
    )
    expect(changed.sort()).toEqual([...expected].sort())
    expect(faults?.length).toBeGreaterThan(0)
  })

  test('is reported with the domain it is in, as often as the domain is found', async () => {
    const { after } = discovering()
    const survey = surveyOf([managed, domainOf(xmlOf.get('fault-no-user')!)])
    const first = (await after(survey)).faults
    expect(first).toMatchObject([{ name: 'instance-00000124' }])
    expect((await after(survey)).faults).toEqual(first)
  })

  test('never stops the discovery, whatever the metadata is', async () => {
    const names = [
      'instance',
      'flavor',
      'owner',
      'user',
      'project',
      'name',
      'image',
      'properties',
      'property',
    ]
    const elementOf = (children: fc.Arbitrary<XmlElement[]>): fc.Arbitrary<XmlElement> =>
      fc.record({
        namespace: fc.constantFrom('http://openstack.org/xmlns/libvirt/nova/1.1', ''),
        name: fc.constantFrom(...names, 'extraSpecs', 'extraSpec', 'memory', 'vcpus', 'root', '__proto__'),
        attributes: fc.dictionary(fc.constantFrom('uuid', 'name', 'id', 'type', '__proto__'), fc.string()),
        children,
        text: fc.string(),
      })
    let element = elementOf(fc.constant([]))
    for (let level = 0; level < 4; level++) element = elementOf(fc.array(element, { maxLength: 5 }))
    await fc.assert(
      fc.asyncProperty(fc.array(element, { maxLength: 4 }), async (metadata) => {
        const domain = { ...managed, description: { ...managed.description, metadata } }
        const { resources, skipped } = await discovering().after(surveyOf([domain, other]))
        expect(resources.length + skipped.length).toBe(2)
        expect(resources.at(-1)?.id).toBe(other.uuid)
      }),
      { numRuns: Number(process.env['FUZZ_RUNS'] ?? 500) },
    )
  })
})

function flavorKeys(): readonly string[] {
  const figures = ['id', 'name', 'vcpus', 'ram', 'disk', 'ephemeral', 'swap'].map((key) => `flavor.${key}`)
  return ['instance_type', ...figures, 'vcpus', 'memory_mb', 'disk_gb', 'ephemeral_gb', 'root_gb']
}

/** Every figure and text of an instance's samples by its path. */
function flat({ metadata, userId, projectId }: Instance): ReadonlyMap<string, unknown> {
  const leaves = (value: unknown, path: string): readonly (readonly [string, unknown])[] =>
    typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([key, inner]) => leaves(inner, path === '' ? key : `${path}.${key}`))
      : [[path, value]]
  return new Map([...leaves(metadata, ''), ['userId', userId], ['projectId', projectId]])
}
