// Writes what ships, in bundle/: the commands, the public door and the pollsters, with the libraries that they use inside,
// and the licenses of those. A process that loads a dozen files starts sooner and stays smaller than one that loads three
// hundred: docs/decisions/0008-one-bundle-ships.md has the figures.
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'rolldown'

const root = fileURLToPath(new URL('..', import.meta.url))
const pollsters = (await readdir(join(root, 'pollsters'))).filter((name) => name.endsWith('.ts'))
const entries = [
  ...['src/main.ts', 'src/poll-once.ts', 'src/pollster/index.ts'],
  ...pollsters.map((name) => `pollsters/${name}`),
]

async function bundle() {
  return build({
    cwd: root,
    logLevel: 'warn',
    platform: 'node',
    input: Object.fromEntries(entries.map((path) => [path.replace(/\.ts$/, ''), path])),
    // Found by name at run time, so that a process has one binding and one door, whoever asks for them.
    external: [/^#node-libvirt$/, /^virtpoll\//],
    output: {
      dir: 'bundle',
      format: 'esm',
      entryFileNames: '[name].js',
      // As deep as the rooms of src/, because the pollsters are looked for from there.
      chunkFileNames: 'src/chunks/[name]-[hash].js',
      // Names stay, for stack traces.
      minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
    },
  })
}

/**
 * V8 keeps the text of every module for as long as the process lives, with two bytes a character when one of them is not
 * Latin-1. What is not ASCII goes into escapes, which mean the same in strings, templates and patterns, and in no tag that
 * reads the raw text of a template.
 */
function withoutWideCharacters(code) {
  return code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

async function narrow({ output }) {
  for (const { type, fileName, code } of output) {
    if (type === 'chunk') await writeFile(join(root, 'bundle', fileName), withoutWideCharacters(code))
  }
}

/** The folders of the packages whose modules are in the bundle. */
function packagesOf({ output }) {
  const modules = output.flatMap(({ moduleIds = [] }) => moduleIds)
  const folders = modules.map((path) => /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1])
  return [...new Set(folders)].filter(Boolean).sort()
}

async function licenseOf(folder) {
  const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
  const file = (await readdir(folder)).find((name) => /^licen[cs]e/i.test(name))
  const text = file === undefined ? '' : `\n${await readFile(join(folder, file), 'utf8')}`
  return `${name} ${version} (${license})\n${text}`
}

await rm(join(root, 'bundle'), { recursive: true, force: true })
const built = await bundle()
await narrow(built)
const licenses = await Promise.all(packagesOf(built).map(licenseOf))
await writeFile(join(root, 'bundle/THIRD-PARTY-LICENSES'), licenses.join(`\n${'-'.repeat(72)}\n`))
