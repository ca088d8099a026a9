import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { InspectError } from '../../../src/errors.js'
import { decodeDomainXml } from '../../../src/inspector/domain-xml.js'
import { caseFolders, expectCase } from '../../support/cases.js'

const folders = caseFolders('domain-xml')
const numRuns = Number(process.env['FUZZ_RUNS'] ?? 1000)

/** What a decode throws; undefined when it does not. */
function thrownBy(xml: string): unknown {
  try {
    decodeDomainXml(xml)
    return undefined
  } catch (thrown) {
    return thrown
  }
}

/** Throws whatever a decode throws that is not its documented error. */
function expectDescriptionOrDocumentedError(xml: string): void {
  const thrown = thrownBy(xml)
  if (thrown !== undefined && !(thrown instanceof InspectError && thrown.code === 'DOMAIN_XML_INVALID'))
    throw thrown as Error
}

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

describe('whatever comes in', () => {
  test('gives a description or the documented error: any text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), expectDescriptionOrDocumentedError), { numRuns })
  })

  test('gives a description or the documented error: any text in a domain', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '<',
        '>',
        '/',
        '&',
        ';',
        ':',
        '=',
        '"',
        '!',
        '?',
        '-',
        ']',
        ' ',
        '\n',
        '<![CDATA[',
        ']]>',
        '<!--',
        '-->',
        '&#x',
        '</domain>',
      ),
      fc.constantFrom('disk', 'target', 'source', 'metadata', 'xmlns', '__proto__', 'devices', 'interface'),
      fc.string({ unit: 'binary', maxLength: 3 }),
    )
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        expectDescriptionOrDocumentedError(`<domain>${pieces.join('')}</domain>`)
      }),
      { numRuns },
    )
  })

  test('gives a description or the documented error: a domain with a piece cut out, doubled or replaced', () => {
    const sources = folders.map((folder) => folder.read('domain.xml'))
    const mutation = fc.record({
      source: fc.constantFrom(...sources),
      at: fc.nat(),
      length: fc.nat(60),
      to: fc.oneof(fc.constant(''), fc.string({ unit: 'binary', maxLength: 8 }), fc.constant('again')),
    })
    fc.assert(
      fc.property(mutation, ({ source, at, length, to }) => {
        const begin = at % source.length
        const cut = source.slice(begin, begin + length)
        const into = to === 'again' ? cut + cut : to
        expectDescriptionOrDocumentedError(source.slice(0, begin) + into + source.slice(begin + length))
      }),
      { numRuns },
    )
  })

  test('in texts and attributes comes out as it was', () => {
    const text = fc
      .string({ unit: 'grapheme', maxLength: 20 })
      .filter((value) => !/[\p{Cc}\ufffe\uffff]/u.test(value))
    fc.assert(
      fc.property(text, text.filter(Boolean), text, (type, device, mac) => {
        const decoded = decodeDomainXml(
          `<domain><os><type>${escape(type)}</type></os><devices>
             <disk><target dev="${escape(device)}"/></disk>
             <interface><mac address='${escape(mac)}'/><target/></interface>
           </devices><metadata><a b="${escape(mac)}">${escape(type)}</a></metadata></domain>`,
        )
        expect(decoded.osType).toBe(type)
        expect(decoded.disks[0]?.device).toBe(device)
        expect(decoded.vnics[0]?.mac).toBe(mac)
        expect(decoded.metadata).toEqual([
          { namespace: '', name: 'a', attributes: { b: mac }, children: [], text: type },
        ])
      }),
      { numRuns },
    )
  })
})

function manyAttributes(count: number, prefix = ''): string {
  return Array.from({ length: count }, (_, i) => `${prefix}a${i}="x"`).join(' ')
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

function heapUsedAfterCollection(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return process.memoryUsage().heapUsed
}
