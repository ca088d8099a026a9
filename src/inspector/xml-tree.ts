import { SaxesParser, type SaxesTagNS } from 'saxes'
import { InspectError, toError } from '../errors.js'
import type { XmlElement } from './inspector.js'

/**
 * libvirt sends 4 MiB at most. A real domain has 4 to 30 KiB, a depth below 20, and some hundred parts (elements and
 * attributes); the limits keep a hostile one from holding up the process or filling its memory.
 */
const limits = { characters: 16 * 1024 * 1024, depth: 64, parts: 100_000 } as const

/** XML 1.0 whatever the document claims, so that no control character gets in as a reference. */
const parserOptions = {
  xmlns: true,
  position: false,
  defaultXMLVersion: '1.0',
  forceXMLVersion: true,
} as const

interface OpenElement extends XmlElement {
  readonly children: XmlElement[]
  text: string
}

/**
 * Reads an XML document into its root element, in time and memory linear in its length. Comments and processing
 * instructions are left out, CDATA is text, only XML's five own entities and character references are expanded.
 *
 * @throws InspectError DOMAIN_XML_INVALID with `line` and `column` (from 1) when the text is not well-formed, uses
 * an undefined entity or namespace prefix, or is larger or deeper than any domain.
 */
export function parseXml(xml: string): XmlElement {
  if (xml.length > limits.characters)
    throw new InspectError('DOMAIN_XML_INVALID', `XML of more than ${limits.characters} characters`, {
      details: { characters: xml.length },
    })
  const parser = new SaxesParser(parserOptions)
  const document = collect(parser)
  try {
    parser.write(xml).close()
    return document.children[0] ?? fail('no root element')
  } catch (thrown) {
    const reason = toError(thrown).message.slice(0, 200)
    const { line, column } = parser
    throw new InspectError('DOMAIN_XML_INVALID', `XML line ${line}, column ${column}: ${reason}`, {
      details: { line, column },
      cause: thrown,
    })
  }
}

function fail(reason: string): never {
  throw new Error(reason)
}

/** Has the parser build the tree; when it has come to the end, the root is the only child of what is returned. */
function collect(parser: SaxesParser<typeof parserOptions>): XmlElement {
  const document: OpenElement = { namespace: '', name: '', attributes: {}, children: [], text: '' }
  const open = [document]
  let parts = 0
  const countPart = () => {
    if (++parts > limits.parts) fail(`more than ${limits.parts} elements and attributes`)
  }
  const addText = (text: string) => {
    const parent = open.at(-1)
    if (parent !== undefined) parent.text += text
  }
  parser.on('text', addText)
  parser.on('cdata', addText)
  parser.on('opentagstart', countPart)
  parser.on('attribute', countPart)
  parser.on('opentag', (tag) => {
    if (open.length > limits.depth) fail(`elements nested deeper than ${limits.depth}`)
    const element = openElement(tag)
    open.at(-1)?.children.push(element)
    open.push(element)
  })
  parser.on('closetag', () => {
    open.pop()
  })
  return document
}

function openElement(tag: SaxesTagNS): OpenElement {
  // Without a prototype, so that an attribute may have any name, `__proto__` included.
  const attributes = Object.create(null) as Record<string, string>
  for (const { name, prefix, value } of Object.values(tag.attributes))
    if (prefix !== 'xmlns' && name !== 'xmlns') attributes[name] = value
  return { namespace: tag.uri, name: tag.local, attributes, children: [], text: '' }
}
