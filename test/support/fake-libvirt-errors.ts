import type { LibvirtError } from '#node-libvirt'

interface Numbers {
  readonly code: number
  readonly domain: number
  readonly systemError?: number
}

/** An error as the binding rejects with. Throw one from a script to make a call fail. */
export class FakeLibvirtError extends Error implements LibvirtError {
  override readonly name = 'LibvirtError'
  readonly libvirtCode: number
  readonly libvirtDomain: number
  readonly libvirtLevel = 2
  readonly systemError: number
  readonly call: string

  constructor(call: string, reason: string, { code, domain, systemError = 0 }: Numbers) {
    super(`${call}: ${reason}`)
    this.call = call
    this.libvirtCode = code
    this.libvirtDomain = domain
    this.systemError = systemError
  }
}

const fromQemu = 10
const fromRpc = 7

export const domainNotFound = (call: string, uuid: string) =>
  new FakeLibvirtError(call, `Domain not found: no domain with matching uuid '${uuid}'`, {
    code: 42,
    domain: fromQemu,
  })

export const unsupported = (call: string) =>
  new FakeLibvirtError(call, 'this function is not supported by the connection driver', {
    code: 3,
    domain: fromQemu,
  })

export const invalidArgument = (call: string, reason: string) =>
  new FakeLibvirtError(call, `invalid argument: ${reason}`, { code: 8, domain: fromQemu })

export const notRunning = (call: string) =>
  new FakeLibvirtError(call, 'Requested operation is not valid: domain is not running', {
    code: 55,
    domain: fromQemu,
  })

export const noMetadata = (call: string) =>
  new FakeLibvirtError(call, 'metadata not found: Requested metadata element is not present', {
    code: 80,
    domain: fromQemu,
  })

export const cannotConnect = (uri: string) =>
  new FakeLibvirtError(
    'virConnectOpenReadOnly',
    `Failed to connect socket for ${uri}: No such file or directory`,
    { code: 38, domain: fromRpc, systemError: 2 },
  )

export const permissionDenied = (uri: string) =>
  new FakeLibvirtError('virConnectOpenReadOnly', `Failed to connect socket for ${uri}: Permission denied`, {
    code: 38,
    domain: fromRpc,
    systemError: 13,
  })

export const connectionLost = (call: string) =>
  new FakeLibvirtError(call, 'internal error: client socket is closed', { code: 1, domain: fromRpc })

/** The answer is more than the protocol can carry; the connection lives on. */
export const answerTooLarge = (call: string) =>
  new FakeLibvirtError(call, 'Unable to encode message payload', { code: 39, domain: fromRpc })

export const connectionClosed = (method: string, uri: string) =>
  new FakeLibvirtError(method, `the connection to ${uri} is closed`, { code: 0, domain: 0 })

/** A wait without end: return it from a script to make a call hang. */
export const never = () => new Promise<void>(() => undefined)
