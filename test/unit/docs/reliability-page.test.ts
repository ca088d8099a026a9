import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const docs = new URL('../../../docs/', import.meta.url)
const page = readFileSync(new URL('reliability.md', docs), 'utf8')

/** `[file](path): name of a test`, at the end of a row or of a list's item. */
const named = [...page.matchAll(/\[[\w-]+\]\((\.\.\/test\/[\w/-]+\.test\.ts)\): (.+?)(?: +\|)?$/gm)].map(
  ([, file = '', name = '']) => ({
    file: fileURLToPath(new URL(file, docs)),
    name: name.replaceAll('\\|', '|'),
  }),
)

/** What stands in quotes in a file, as patterns; `%s` and its like stand for anything. */
function titlesIn(file: string): RegExp[] {
  const texts = [...readFileSync(file, 'utf8').matchAll(/(['"`])((?:\\.|(?!\1)[^\\\n])+)\1/g)]
  return texts.map(([, , text = '']) => {
    const literal = text.replace(/\\(.)/g, '$1').replace(/[$()*+.?[\\\]^{|}]/g, '\\$&')
    return new RegExp(`${literal.replace(/%[sdifjo]|\\\$\\\{[^}]+\\\}/g, '.*')}$`)
  })
}

test('docs/reliability.md was written by a run: it names a commit and a day', () => {
  expect(page).toMatch(/^Commit [0-9a-f]{10}\b.*, \d{4}-\d{2}-\d{2}, /m)
})

test('docs/reliability.md names tests that exist', () => {
  expect(named.length).toBeGreaterThan(0)
  const gone = named.filter(
    ({ file, name }) => !existsSync(file) || !titlesIn(file).some((title) => title.test(name)),
  )
  expect(gone.map(({ name }) => name)).toEqual([])
})
