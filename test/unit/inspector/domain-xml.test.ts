import { describe, test } from 'vitest'
import { decodeDomainXml } from '../../../src/inspector/domain-xml.js'
import { caseFolders, expectCase } from '../../support/cases.js'

describe('the XML of a domain', () => {
  test.each(caseFolders('domain-xml'))('is decoded as its case says: $name', (folder) => {
    expectCase(folder, 'description.json', decodeDomainXml(folder.read('domain.xml')))
  })
})
