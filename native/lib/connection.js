import { addon } from './load-addon.js'
import { answerOf, LibvirtError } from './errors.js'

const check = (holds, expected) => (method, value) => {
  if (!holds(value)) throw new TypeError(`${method}: expected ${expected}, got ${String(value)}`)
}

const isText = (value) => typeof value === 'string' && !value.includes('\0')
const text = check(isText, 'a string without NUL')
const textOrNull = check((value) => value === null || isText(value), 'a string without NUL, or null')
const texts = check((value) => Array.isArray(value) && value.every(isText), 'an array of strings without NUL')
const unsigned = check(
  (value) => Number.isInteger(value) && value >= 0 && value < 2 ** 32,
  'a 32-bit mask >= 0',
)
const signed = check((value) => Number.isInteger(value) && Math.abs(value) < 2 ** 31, 'a 32-bit integer')
const callback = check((value) => typeof value === 'function', 'a function')

export const checkUri = text

/** Every method that is one libvirt call: what its arguments must be. */
const calls = {
  isAlive: [],
  setKeepAlive: [signed, unsigned],
  hypervisorType: [],
  hypervisorVersion: [],
  libvirtVersion: [],
  hostname: [],
  nodeInfo: [],
  listDomains: [unsigned],
  allDomainStats: [unsigned, unsigned],
  domainStats: [texts, unsigned, unsigned],
  domainState: [text],
  domainInfo: [text],
  domainControlInfo: [text],
  memoryStats: [text],
  blockStats: [text, text],
  blockStatsParameters: [text, text],
  blockInfo: [text, text],
  interfaceStats: [text, text],
  domainXml: [text, unsigned],
  domainMetadata: [text, signed, textOrNull, unsigned],
  onClose: [callback],
  onDomainEvent: [texts, callback],
}

/** An exception of a listener is the process's uncaught exception; thrown into the addon it would be swallowed. */
const detached = (listener) => (argument) => process.nextTick(listener, argument)

const toAddon = (argument) => (typeof argument === 'function' ? detached(argument) : argument)

export class Connection {
  #handle
  #open = true

  constructor(handle, uri) {
    this.#handle = handle
    this.uri = uri
  }

  get open() {
    return this.#open
  }

  async close() {
    this.#refuseWhenClosed('close')
    this.#open = false
    return answerOf('close', addon().close(this.#handle))
  }

  async #call(method, args) {
    this.#refuseWhenClosed(method)
    calls[method].forEach((checkArgument, index) => checkArgument(method, args[index]))
    return answerOf(method, addon()[method](this.#handle, ...args.map(toAddon)))
  }

  #refuseWhenClosed(method) {
    if (this.#open) return
    throw new LibvirtError(method, {
      code: 0,
      domain: 0,
      level: 2,
      systemError: 0,
      message: `the connection to ${this.uri} is closed`,
    })
  }

  static {
    for (const method of Object.keys(calls)) {
      this.prototype[method] = function (...args) {
        return this.#call(method, args)
      }
    }
    const { memoryStats } = this.prototype
    this.prototype.memoryStats = async function (uuid) {
      return new Map(await memoryStats.call(this, uuid))
    }
  }
}
