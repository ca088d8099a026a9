import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const addon = `native/prebuilds/linux-${process.arch}/node-libvirt.node`

/** Exactly these commands, so that nothing can be compiled. */
function folderWithCommands(folder: string, names: readonly string[]): string {
  mkdirSync(folder)
  for (const name of names) {
    const target =
      name === 'node' ? process.execPath : execFileSync('which', [name], { encoding: 'utf8' }).trim()
    symlinkSync(target, join(folder, name))
  }
  return folder
}

describe('the tarball of npm pack', () => {
  const work = mkdtempSync(join(tmpdir(), 'tarball-'))
  const host = join(work, 'host')
  let tarball: string
  let files: readonly string[]
  let env: NodeJS.ProcessEnv

  beforeAll(() => {
    // Packing runs it; here apart, because what it prints would stand among npm's JSON.
    execFileSync('npm', ['run', 'prepack'], { cwd: root, stdio: 'ignore' })
    const packed = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', work], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const [description] = JSON.parse(packed) as [{ filename: string; files: { path: string }[] }]
    tarball = join(work, description.filename)
    files = description.files.map(({ path }) => path)

    mkdirSync(host)
    writeFileSync(join(host, 'package.json'), '{ "private": true }')
    env = {
      HOME: host,
      PATH: folderWithCommands(join(work, 'bin'), ['node', 'npm', 'env', 'sh']),
      npm_config_cache: join(work, 'empty-cache'),
      npm_config_update_notifier: 'false',
    }
    execFileSync('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball], { cwd: host, env })
  })
  afterAll(() => {
    rmSync(work, { recursive: true, force: true })
  })

  it('carries the addon prebuilt, and neither its sources nor what only development needs', () => {
    expect(files).toContain(addon)
    expect(files).toContain('native/lib/index.js')
    expect(files).toContain('native/package.json')
    expect(files).toContain('bundle/THIRD-PARTY-LICENSES')
    const packages = files.flatMap((path) => /^node_modules\/([^/]+)\//.exec(path)?.[1] ?? [])
    expect([...new Set(packages)]).toEqual(['node-gyp-build'])
    const needless = /^(native\/(src|build)|test|src|dist\/.*\.js$)/
    expect(files.filter((path) => needless.test(path))).toEqual([])
  })

  it('installs without a registry and without a compiler, and polls a hypervisor', () => {
    const poll = ['poll-once', '--connect', 'test:///default', '--unmanaged', '--meter', 'memory.resident']
    const bin = join(host, 'node_modules/.bin')
    const ways = [poll, ['virtpoll', ...poll]]
    for (const [command = '', ...args] of ways) {
      const output = execFileSync(join(bin, command), args, { cwd: host, env, encoding: 'utf8' })
      expect(JSON.parse(output)).toMatchObject({ counter_name: 'memory.resident', counter_unit: 'MiB' })
    }
  })

  it('holds what its README points an operator to', () => {
    for (const path of [
      'config/agent.yaml',
      'config/polling.yaml',
      'packaging/virtpoll.service',
      'docs/config.md',
    ])
      expect(files).toContain(path)
  })

  it('has modules of ASCII only, for V8 keeps wider texts with two bytes a character', () => {
    const modules = files.filter((path) => /^bundle\/.*\.js$/.test(path))
    const isWide = (path: string) => /[^\0-\x7f]/.test(readFileSync(join(root, path), 'utf8'))
    expect(modules.length).toBeGreaterThan(10)
    expect(modules.filter(isWide)).toEqual([])
  })

  it('sets only options that this V8 knows: it would complain of others on standard error', () => {
    const virtpoll = join(host, 'node_modules/.bin/virtpoll')
    const { stdout, stderr } = spawnSync(virtpoll, ['--version'], { cwd: host, env, encoding: 'utf8' })
    expect([stdout, stderr]).toEqual(['0.1.0\n', ''])
  })

  it('says what to install on a host without libvirt', () => {
    const installed = join(host, 'node_modules/virtpoll')
    const look = `
      import Module from 'node:module'
      import { isBindingLoadError, openReadOnly } from '#node-libvirt'
      // What the loader of a host without the library says.
      Module._extensions['.node'] = () => {
        throw new Error('libvirt.so.0: cannot open shared object file: No such file or directory')
      }
      const error = await openReadOnly('test:///default').catch((reason) => reason)
      console.log(JSON.stringify({ expected: isBindingLoadError(error), code: error.code, text: error.message }))`
    writeFileSync(join(installed, 'lacking.mjs'), look)
    const output = execFileSync('node', [join(installed, 'lacking.mjs')], {
      cwd: host,
      env,
      encoding: 'utf8',
    })
    const { expected, code, text } = JSON.parse(output) as { expected: boolean; code: string; text: string }

    expect([expected, code]).toEqual([true, 'ERR_LIBVIRT_BINDING'])
    expect(text).toContain('libvirt0')
    expect(text).toContain('libvirt.so.0: cannot open shared object file')
  })
})
