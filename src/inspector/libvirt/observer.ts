import type { ConnectionError, InspectError } from '../../errors.js'

/** A domain as a person knows it. */
export interface DomainName {
  readonly uuid: string
  readonly name: string
}

/** Hears what the inspector does, for the log and the metrics. Its methods must not throw. */
export interface InspectorObserver {
  /** A call returned; `late` when nobody waited for it any more and its answer was thrown away. */
  callReturned(call: string, seconds: number, outcome: 'ok' | 'failed' | 'late'): void
  /** A call did not return in time and was left where it is. `hung`: how many such calls are out now. */
  callLeft(call: string, hung: number): void
  /** An outage begins: said once, however often connecting fails after it. */
  connectionLost(error: ConnectionError): void
  /** A connection is there: the first one (`outageSeconds` undefined), or the one that ends an outage. */
  connected(outageSeconds: number | undefined): void
  /** The monitor of a domain stopped answering; said once until it answers again or is gone. */
  domainStuck(domain: DomainName): void
  domainRecovered(domain: DomainName): void
  /**
   * The XML or the statistics of one domain (`whole`), or what one call gives about it (`part`), cannot be read, which
   * is no expected absence; said once until they can.
   */
  domainFailed(domain: DomainName, error: InspectError, extent: 'whole' | 'part'): void
}
