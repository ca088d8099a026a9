import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const require = createRequire(import.meta.url)
const packageRoot = fileURLToPath(new URL('../../../native', import.meta.url))

/** Names of the addon's functions; what is called from now on is noted in `called`. */
export function watchNativeFunctions() {
  const addon = require('node-gyp-build')(packageRoot)
  const called = new Set()
  const names = Object.keys(addon)
  for (const name of names) {
    const native = addon[name]
    addon[name] = (...args) => {
      called.add(name)
      return native(...args)
    }
  }
  return { names, called }
}
