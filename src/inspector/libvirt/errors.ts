import type { LibvirtError } from '#node-libvirt'
import { ConnectionError, type ErrorCode, InspectError } from '../../errors.js'
import type { Absence } from '../inspector.js'

/** What an error of libvirt means for the agent. */
export type FaultKind =
  'not-found' | 'shut-off' | 'unsupported' | 'no-data' | 'disconnected' | 'denied' | 'timeout' | 'other'

/** By virErrorNumber, as `libvirt/virterror.h` has them. */
const kinds: ReadonlyMap<number, FaultKind> = new Map([
  [0, 'disconnected'], // the binding itself: the connection was closed
  [3, 'unsupported'], // NO_SUPPORT
  [6, 'disconnected'], // INVALID_CONN
  [42, 'not-found'], // NO_DOMAIN
  [45, 'denied'], // AUTH_FAILED
  [55, 'shut-off'], // OPERATION_INVALID
  [68, 'timeout'], // OPERATION_TIMEOUT
  [74, 'unsupported'], // ARGUMENT_UNSUPPORTED
  [78, 'denied'], // AUTH_CANCELLED
  [79, 'denied'], // AUTH_UNAVAILABLE
  [80, 'no-data'], // NO_DOMAIN_METADATA
  [84, 'unsupported'], // OPERATION_UNSUPPORTED
  [86, 'no-data'], // AGENT_UNRESPONSIVE
  [88, 'denied'], // ACCESS_DENIED
])

/**
 * INTERNAL_ERROR and SYSTEM_ERROR say that the connection is gone when the RPC (7) or REMOTE (13) part says so.
 * ERR_RPC (39) does not: it is the answer to a single call, for example when a domain's XML is more than the 4 MiB of
 * a string that the protocol can carry.
 */
const transportCodes = new Set([1, 38])
const transportDomains = new Set([7, 13])

/** EPERM and EACCES: a socket that this user may not open. */
const refusals = new Set([1, 13])

/** The one place where libvirt's numbers get their meaning. */
export function faultKind(error: LibvirtError): FaultKind {
  if (transportCodes.has(error.libvirtCode) && transportDomains.has(error.libvirtDomain))
    return refusals.has(error.systemError) ? 'denied' : 'disconnected'
  return kinds.get(error.libvirtCode) ?? 'other'
}

/** True when the driver has no such function at all, so that asking for another domain is no use. */
export function lacksFunction(error: unknown): boolean {
  return error instanceof CallError && isLibvirtError(error.cause) && error.cause.libvirtCode === 3
}

export function isLibvirtError(error: unknown): error is LibvirtError {
  return error instanceof Error && 'libvirtCode' in error && 'libvirtDomain' in error
}

/** Why a call gave no figures: a fault of libvirt; `hung`, past our deadline and still out; `busy`, not made at all. */
export type CallFault = Exclude<FaultKind, 'disconnected' | 'denied'> | 'hung' | 'busy'

const codes: Partial<Record<CallFault, ErrorCode>> = {
  timeout: 'LIBVIRT_TIMEOUT',
  hung: 'LIBVIRT_TIMEOUT',
  busy: 'LIBVIRT_BUSY',
}

/** A call that failed for its domain alone. `cause` is libvirt's own error, if there is one. */
export class CallError extends InspectError {
  readonly fault: CallFault

  constructor(fault: CallFault, message: string, context: { call: string; cause?: unknown }) {
    super(codes[fault] ?? 'LIBVIRT_CALL_FAILED', message, {
      details: { call: context.call, fault, ...numbers(context.cause) },
      cause: context.cause,
    })
    this.fault = fault
  }
}

/** Of a domain that was not asked, because libvirt says nothing about it: see SilentDomains. */
export const silentError = new CallError('hung', 'not asked: libvirt says nothing about this domain', {
  call: '',
})

/** What a failed call means: a ConnectionError when the connection is at fault, else a CallError. */
export function callFailure(uri: string, call: string, cause: unknown): ConnectionError | CallError {
  if (cause instanceof CallError || cause instanceof ConnectionError) return cause
  const said = cause instanceof Error ? cause.message : String(cause)
  if (!isLibvirtError(cause)) return new CallError('other', `${call} failed: ${said}`, { call, cause })
  const fault = faultKind(cause)
  if (fault === 'disconnected' || fault === 'denied') return connectionFailure(uri, cause)
  return new CallError(fault, `${call} failed: ${said}`, { call, cause })
}

/** The error of a connection that cannot be made or has ended. */
export function connectionFailure(uri: string, cause: unknown): ConnectionError {
  if (cause instanceof ConnectionError) return cause
  const said = cause instanceof Error ? cause.message : String(cause)
  const context = { details: { uri, ...numbers(cause) }, cause }
  if (cause instanceof CallError && (cause.fault === 'hung' || cause.fault === 'busy')) {
    return new ConnectionError(
      'LIBVIRT_TIMEOUT',
      `libvirt at ${uri} does not answer: ${said}; see whether its daemon hangs`,
      context,
    )
  }
  if (isLibvirtError(cause) && faultKind(cause) === 'denied') {
    return new ConnectionError(
      'LIBVIRT_DENIED',
      `libvirt at ${uri} refuses this user: ${said}; the read-only socket (libvirt-sock-ro) is enough: ` +
        'see whether this user may open it (unix_sock_ro_perms, the group libvirt), and auth_unix_ro',
      context,
    )
  }
  return new ConnectionError(
    'LIBVIRT_UNREACHABLE',
    `no connection to libvirt at ${uri}: ${said}; ` +
      'see whether libvirtd (or virtqemud) runs and this user may open its read-only socket',
    context,
  )
}

const notInTime: Absence = {
  reason: 'stuck',
  detail: 'the domain did not answer in time; see whether its QEMU is stopped or waits for its storage',
}

/** What a failed call means for the figures it was made for. */
export const absences = {
  'not-found': { reason: 'not-found', detail: 'the domain is gone' },
  'shut-off': { reason: 'shut-off', detail: 'the domain is not running' },
  unsupported: {
    reason: 'unsupported',
    detail: "libvirt's driver for this hypervisor gives no such figures",
  },
  'no-data': { reason: 'no-data', detail: 'libvirt has no such figures for this domain' },
  other: { reason: 'no-data', detail: 'libvirt answered with an error; the log has its text' },
  timeout: notInTime,
  hung: notInTime,
  busy: {
    reason: 'stuck',
    detail: 'not asked, because too many libvirt calls hang on this host; see which domains are stuck',
  },
} as const satisfies Record<CallFault, Absence>

export const absenceOf = ({ fault }: CallError): Absence => absences[fault]

function numbers(cause: unknown): Record<string, number | string> {
  if (!isLibvirtError(cause)) return {}
  return {
    libvirtCode: cause.libvirtCode,
    libvirtDomain: cause.libvirtDomain,
    libvirtLevel: cause.libvirtLevel,
    systemError: cause.systemError,
    libvirtCall: cause.call,
  }
}
