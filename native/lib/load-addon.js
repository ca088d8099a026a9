import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { BindingLoadError } from './errors.js'

const require = createRequire(import.meta.url)
const packageRoot = fileURLToPath(new URL('..', import.meta.url))

function explain(error) {
  const reason = String(error.message).trim()
  if (/libvirt[\w-]*\.so/.test(reason)) {
    return `libvirt's shared library cannot be loaded: install it (Debian, Ubuntu: apt-get install libvirt0; Fedora, RHEL: dnf install libvirt-libs). ${reason}`
  }
  if (reason.startsWith('No native build was found')) {
    return `there is no addon for ${process.platform}-${process.arch} in ${packageRoot}: build it (node scripts/build.js in that folder; needs g++, make, python3, pkg-config and libvirt-dev)`
  }
  return `the addon in ${packageRoot} cannot be loaded: ${reason}`
}

function load() {
  try {
    return require('node-gyp-build')(packageRoot)
  } catch (error) {
    throw new BindingLoadError(explain(error), error)
  }
}

let loaded

/** The addon of this environment: what was just built, else the prebuilt one. Loaded when first asked for. */
export function addon() {
  loaded ??= load()
  return loaded
}

export const packageVersion = () => require('../package.json').version
