import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { InspectError } from '../../../src/errors.js'
import { decodeDomainXml } from '../../../src/inspector/domain-xml.js'
import { caseFolders, expectCase } from '../../support/cases.js'
import { expectDescriptionOrDocumentedError, thrownBy } from '../../support/decoding-xml.js'

const folders = caseFolders('domain-xml')

describe('the XML of a domain', () => {
  test.each(folders)('is decoded as its case says: $name', (folder) => {
    expectCase(folder, 'description.json', decodeDomainXml(folder.read('domain.xml')))
  })

  test('does not stay in memory for the sake of a name in it', () => {
    const padding = ' '.repeat(1024 * 1024)
    const before = heapUsedAfterCollection()
    const decoded = Array.from({ length: 64 }, (_, i) =>
      decodeDomainXml(
        `<domain><devices><disk><target dev="a-rather-long-name-${i}"/></disk></devices>${padding}</domain>`,
      ),
    )
    expect(heapUsedAfterCollection() - before).toBeLessThan(16 * 1024 * 1024)
    expect(decoded.at(-1)?.disks).toEqual([{ device: 'a-rather-long-name-63', hasSource: false }])
  })
})

describe('XML that is no domain', () => {
  test.each([
    ['nothing', '', 1],
    ['a tag that is not closed', '<domain>\n  <devices>\n</domain>', 3],
    ['a document that is cut off', '<domain>\n<devices', 2],
    ['text after the root', '<domain/>\nx', 2],
    ['two roots', '<domain/>\n<domain/>', 2],
    ['an attribute without quotes', '<domain\ntype=kvm/>', 2],
    ['an attribute given twice', '<domain a="1"\na="2"/>', 2],
    ['a prefix without a namespace', '<domain>\n<nova:instance/></domain>', 2],
    ['an undefined entity', '<domain>\n&nope;</domain>', 2],
    ['an entity of its own', '<!DOCTYPE d [<!ENTITY a "b">]>\n<domain>&a;</domain>', 2],
    [
      'an entity of another file',
      '<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]>\n<domain>&a;</domain>',
      2,
    ],
    ['a control character', '<domain>\n\u0001</domain>', 2],
    ['a reference to a control character', '<?xml version="1.1"?>\n<domain>&#1;</domain>', 2],
    ['more depth than any domain', `<domain>\n${'<a>'.repeat(100)}${'</a>'.repeat(100)}</domain>`, 2],
    ['more elements than any domain', `<domain>\n${'<a/>'.repeat(100_001)}</domain>`, 2],
    ['more attributes than any domain', `<domain\n${manyAttributes(100_001)}/>`, 2],
  ])('is refused with its line: %s', (_, xml, line) => {
    const thrown = thrownBy(xml)
    expect(thrown).toBeInstanceOf(InspectError)
    expect(thrown).toMatchObject({ code: 'DOMAIN_XML_INVALID', details: { line } })
    expect((thrown as InspectError).message).toMatch(new RegExp(`line ${line}, column \\d+: .`))
  })

  test.each([
    ['another root', '<network/>'],
    ['a domain of another namespace', '<domain xmlns="urn:example:other"/>'],
    ['more than 16 MiB', ' '.repeat(16 * 1024 * 1024 + 1)],
  ])('is refused: %s', (_, xml) => {
    expect(thrownBy(xml)).toMatchObject({ name: 'InspectError', code: 'DOMAIN_XML_INVALID' })
  })

  test('has an error of bounded length, whatever is in it', () => {
    const name = 'a'.repeat(1_000_000)
    for (const xml of [`<${name}/>`, `<domain><${name}></domain>`, `<domain><${name}:a/></domain>`])
      expect((thrownBy(xml) as InspectError).message.length).toBeLessThan(300)
  })

  /** Shapes on which a careless reader takes a time that grows with the square of the length, that is hours. */
  test.each([
    ['references', `<domain>${'&lt;'.repeat(1_000_000)}</domain>`],
    ['references in an attribute', `<domain a="${'&amp;'.repeat(1_000_000)}"/>`],
    ['CDATA sections', `<domain>${'<![CDATA[x]]>'.repeat(300_000)}</domain>`],
    ['text between elements', `<domain>${'x<a/>'.repeat(90_000)}</domain>`],
    ['long names around short elements', `<domain><${'a'.repeat(2_000_000)}>${'<b/>'.repeat(90_000)}`],
    ['namespaces', `<domain ${manyAttributes(90_000, 'xmlns:')}/>`],
    ['disks', `<domain><devices>${'<disk><target dev="a"/></disk>'.repeat(30_000)}</devices></domain>`],
  ])('takes linear time: 4 MB of %s', (_, xml) => {
    const begin = performance.now()
    expectDescriptionOrDocumentedError(xml)
    expect(performance.now() - begin).toBeLessThan(10_000)
  })
})

function manyAttributes(count: number, prefix = ''): string {
  return Array.from({ length: count }, (_, i) => `${prefix}a${i}="x"`).join(' ')
}

function heapUsedAfterCollection(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return process.memoryUsage().heapUsed
}
