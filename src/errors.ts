/**
 * Every code an AgentError can carry, with what a person should make of it. `docs/errors.md` documents each one
 * and a test holds the two together. A code is never reused for another meaning.
 */
export const errorCodes = {
  CONFIG_INVALID:
    'a configuration file cannot be used; the agent does not start, or keeps the old file on reload',
  POLLSTER_INVALID: 'a pollster file cannot be loaded; the agent does not start',
  LIBVIRT_LIBRARY_MISSING: 'the libvirt binding or its shared library cannot be loaded on this host',
  LIBVIRT_UNREACHABLE: 'no connection to libvirt; the cycle is lost and the next one tries again',
  LIBVIRT_DENIED: 'libvirt refuses this user',
  LIBVIRT_TIMEOUT: 'a libvirt call did not answer within call_timeout_seconds',
  LIBVIRT_CALL_FAILED: 'libvirt answered a call with an error that is not an expected absence',
  LIBVIRT_BUSY: 'too many hung libvirt calls are out, so no further one is made',
  DOMAIN_XML_INVALID: 'the XML of one domain cannot be read; only that domain is left out',
  METADATA_INVALID: 'the Nova metadata of one domain cannot be used; only that domain is left out',
  POLLSTER_FAILED: 'a pollster threw or returned nonsense for one resource; its other samples are kept',
  BROKER_UNREACHABLE: 'no broker of the transport URL answers; notifications wait in the outbox',
  BROKER_REFUSED:
    'the broker refuses this client (login, virtual host, declaration mismatch); notifications wait in the outbox',
  BROKER_BLOCKED:
    'the broker takes no messages for now (memory or disk alarm); notifications wait in the outbox',
  TLS_FAILED:
    'no TLS connection to the broker (chain, host name, certificate or key file); notifications wait in the outbox',
  NOT_CONFIRMED: 'a notification was not confirmed by its destination in time; it is sent again',
  NOTIFICATION_REJECTED: 'a destination refused one notification again and again; it was set aside',
  OUTBOX_HELD: 'another agent uses the outbox; the agent does not start',
  OUTBOX_UNWRITABLE: 'the outbox cannot be used on disk; notifications wait in memory until it can',
  OUTBOX_DAMAGED: 'a file of the outbox is not what was written there; it was moved aside',
  FILE_UNWRITABLE: 'the file publisher cannot write its file; notifications wait in the outbox',
  STATUS_UNAVAILABLE: 'the HTTP endpoint cannot listen; the agent polls without it and tries again',
  STOPPED: 'the work was given up because the process is stopping',
} as const

export type ErrorCode = keyof typeof errorCodes

/** Facts about an error for the log: flat, small, and never a secret. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | null | undefined>>

export interface ErrorContext {
  readonly details?: ErrorDetails
  readonly cause?: unknown
}

/**
 * An unexpected fault. Subclasses are graded by what they break; nobody matches the message text.
 * The message says what happened, where, and what to do.
 */
export class AgentError extends Error {
  readonly code: ErrorCode
  readonly details: ErrorDetails

  constructor(code: ErrorCode, message: string, context: ErrorContext = {}) {
    super(message, context.cause === undefined ? undefined : { cause: context.cause })
    this.name = new.target.name
    this.code = code
    this.details = context.details ?? {}
  }
}

/** The configuration is at fault: the process ends with 78, a reload keeps what was there. Trying again is no use. */
export class ConfigError extends AgentError {}

/** The libvirt connection is at fault: this cycle is lost, the next one connects anew. */
export class ConnectionError extends AgentError {}

/** One domain, or one figure of it, is at fault: the rest of the host is not affected. */
export class InspectError extends AgentError {}

/** One pollster is at fault for one resource. */
export class PollsterError extends AgentError {}

/** A destination is at fault: its notifications wait, other destinations go on. */
export class DestinationError extends AgentError {}

/** One notification is at fault: it is tried again or set aside, the others go on. */
export class NotificationError extends AgentError {}

/** The error itself, or an Error around whatever was thrown. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown), { cause: thrown })
}
