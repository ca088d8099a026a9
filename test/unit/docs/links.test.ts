import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const pagesIn = (folder: string, recursive = true): string[] =>
  readdirSync(join(root, folder), { encoding: 'utf8', recursive })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name))
const pages = [
  ...pagesIn('.', false),
  ...['docs', 'native', 'pollsters', 'test'].flatMap((it) => pagesIn(it)),
]

/** Links to files, from the folder of the page; and files that the text names by their path in the repository. */
function pathsIn(page: string): string[] {
  const text = readFileSync(join(root, page), 'utf8')
  const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path = '']) =>
    join(dirname(page), path),
  )
  const named = [
    ...text.matchAll(/`((?:src|test|docs|native|pollsters|scripts|config|packaging)\/[\w./-]+\.\w+)`/g),
  ]
  return [...links, ...named.map(([, path = '']) => path)]
}

test.each(pages)('%s names files that exist', (page) => {
  expect(pathsIn(page).filter((path) => !existsSync(join(root, path)))).toEqual([])
})
