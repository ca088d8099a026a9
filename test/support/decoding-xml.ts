import { InspectError } from '../../src/errors.js'
import { decodeDomainXml } from '../../src/inspector/domain-xml.js'

/** What a decode throws; undefined when it does not. */
export function thrownBy(xml: string): unknown {
  try {
    decodeDomainXml(xml)
    return undefined
  } catch (thrown) {
    return thrown
  }
}

/** Throws whatever a decode throws that is not its documented error. */
export function expectDescriptionOrDocumentedError(xml: string): void {
  const thrown = thrownBy(xml)
  if (thrown !== undefined && !(thrown instanceof InspectError && thrown.code === 'DOMAIN_XML_INVALID'))
    throw thrown as Error
}
