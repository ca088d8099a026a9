import { isIPv6 } from 'node:net'
import { didYouMean } from './suggest.js'

export interface Address {
  /** A name or an address, IPv6 without brackets. */
  readonly host: string
  readonly port: number
}

/** Takes `host:port` apart; IPv6 stands in brackets. Undefined for anything else. */
export function parseListen(text: string): Address | undefined {
  const found = /^(?:\[(?<v6>[^\]]+)\]|(?<name>[^\s:[\]]+)):(?<port>\d{1,5})$/.exec(text)
  const { v6, name, port } = found?.groups ?? {}
  const host = v6 ?? name
  if (host === undefined || Number(port) > 65_535) return undefined
  return v6 !== undefined && !isIPv6(v6) ? undefined : { host, port: Number(port) }
}

export function isTimeZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

export function timeZoneHint(zone: string): string {
  return didYouMean(zone, Intl.supportedValuesOf('timeZone'))
}

/** The grammar of a transport URL is checked by who uses it; here only that it has a scheme. */
export function schemeFault(url: string): string | undefined {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(url) ? undefined : ' without a scheme'
}
