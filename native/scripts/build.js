/**
 * Builds the addon unless what is there is newer than its sources.
 *
 *   node scripts/build.js              build/Release, for this machine
 *   node scripts/build.js --prebuild   prebuilds/, for the package: hosts that install it need no compiler
 *   node scripts/build.js --sanitize   build/sanitized, for test/sanitizers: with AddressSanitizer and
 *                                      UndefinedBehaviorSanitizer
 */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const require = createRequire(import.meta.url)
const root = fileURLToPath(new URL('..', import.meta.url))
const sources = ['binding.gyp', 'package.json', 'src']

const requirements = [
  { command: ['pkg-config', '--version'], packages: 'pkg-config' },
  { command: ['pkg-config', '--exists', 'libvirt'], packages: 'libvirt-dev' },
  { command: ['g++', '--version'], packages: 'g++' },
  { command: ['make', '--version'], packages: 'make' },
  { command: ['python3', '--version'], packages: 'python3' },
]

function fail(message) {
  console.error(`node-libvirt: ${message}`)
  process.exit(1)
}

function requireTools() {
  const missing = requirements.filter(({ command: [file, ...args] }) => spawnSync(file, args).status !== 0)
  if (missing.length === 0) return
  const names = missing.map(({ packages }) => packages).join(' ')
  fail(
    `the addon cannot be built, this machine lacks: ${names}. On Debian or Ubuntu: apt-get install ${names}`,
  )
}

const modified = (path) => statSync(path).mtimeMs

function newestSource() {
  const files = readdirSync(join(root, 'src')).map((name) => join(root, 'src', name))
  return Math.max(...[...files, join(root, 'binding.gyp'), join(root, 'package.json')].map(modified))
}

const addonsIn = (folder) =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.endsWith('.node'))
        .map((name) => join(folder, name))
    : []

const isCurrent = (folder) => addonsIn(folder).some((addon) => modified(addon) > newestSource())

/** Node's own headers when they lie beside it, as distribution packages and tarballs have them; else node-gyp fetches them. */
function headers() {
  const prefix = dirname(dirname(process.execPath))
  return existsSync(join(prefix, 'include/node/node_api.h')) ? { npm_config_nodedir: prefix } : {}
}

/** Quiet when all goes well. */
function run(script, args, cwd) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], {
    cwd,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    env: { ...process.env, JOBS: 'max', ...headers() },
  })
  if (status !== 0) fail(`the addon does not build:\n${stdout}\n${stderr}`)
}

function build() {
  if (isCurrent(join(root, 'build/Release'))) return
  requireTools()
  run(require.resolve('node-gyp/bin/node-gyp.js'), ['configure', 'build'], root)
}

/** A folder of its own with the sources. */
function copySources(folder) {
  for (const source of sources)
    cpSync(join(root, source), join(folder, source), { recursive: true, preserveTimestamps: true })
}

/** In a folder of its own, because prebuildify takes the built file away. */
function prebuild() {
  if (isCurrent(join(root, 'prebuilds', `${process.platform}-${process.arch}`))) return
  requireTools()
  const folder = join(root, 'build/prebuild')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  copySources(folder)
  const nodeGyp = join(dirname(require.resolve('node-gyp/package.json')), 'bin/node-gyp.js')
  run(
    require.resolve('prebuildify/bin.js'),
    ['--napi', '--strip', '--node-gyp', nodeGyp, '--out', root],
    folder,
  )
  rmSync(folder, { recursive: true, force: true })
}

/** Keeps its objects: the next build, and test/sanitizers with its planted faults, compile only what differs. */
function sanitize() {
  const folder = join(root, 'build/sanitized')
  if (isCurrent(join(folder, 'build/Release'))) return
  requireTools()
  rmSync(join(folder, 'src'), { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  copySources(folder)
  const nodeGyp = require.resolve('node-gyp/bin/node-gyp.js')
  run(nodeGyp, ['configure', '--', '-Dsanitize=1'], folder)
  run(nodeGyp, ['build'], folder)
}

if (process.argv.includes('--prebuild')) prebuild()
else if (process.argv.includes('--sanitize')) sanitize()
else build()
