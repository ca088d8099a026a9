import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, test } from 'vitest'
import { caseFolders } from '../../support/cases.js'

const root = new URL('../../../', import.meta.url)
const read = (path: string) => readFileSync(fileURLToPath(new URL(path, root)), 'utf8')
const page = read('docs/differences.md')

const differences = page
  .replace(/\n {2}/g, ' ')
  .split('\n')
  .filter((line) => line.startsWith('- **'))
  .map((text) => ({ title: /\*\*(.*?)\*\*/.exec(text)?.[1], text }))

/** Named tests, file and title, of a text. */
const testsOf = (text: string) =>
  [...text.matchAll(/`(test\/[^`]+\.ts)`: "([^"]+)"/g)].map(([, file = '', title = '']) => ({ file, title }))

describe('docs/differences.md', () => {
  it('has many differences', () => {
    expect(differences.length).toBeGreaterThanOrEqual(25)
  })

  test.each(differences)('names a test for: $title', ({ text }) => {
    expect(testsOf(text)).not.toEqual([])
  })

  test.each(testsOf(page))('names a test that exists: $file, $title', ({ file, title }) => {
    expect(existsSync(fileURLToPath(new URL(file, root)))).toBe(true)
    const text = read(file).replaceAll("\\'", "'")
    expect(["'", '"', '`'].some((quote) => text.includes(quote + title + quote))).toBe(true)
  })

  it('has each fault of Nova metadata that has a case, and no other', () => {
    const cases = caseFolders('instances').flatMap(({ name }) => (name.startsWith('fault-') ? [name] : []))
    expect([...page.matchAll(/`(fault-[^`]+)`/g)].map(([, name]) => name).sort()).toEqual(cases)
  })
})
