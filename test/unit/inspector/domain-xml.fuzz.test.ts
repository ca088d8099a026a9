import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeDomainXml } from '../../../src/inspector/domain-xml.js'
import { caseFolders } from '../../support/cases.js'
import { expectDescriptionOrDocumentedError } from '../../support/decoding-xml.js'
import { fuzzRuns } from '../../support/fuzz-runs.js'

const folders = caseFolders('domain-xml')
const numRuns = fuzzRuns(1000)

describe('whatever comes in as the XML of a domain', () => {
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

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
