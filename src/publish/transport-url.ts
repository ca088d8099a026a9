import { isIPv6 } from 'node:net'
import { readRabbitOptions, type RabbitOptions } from './rabbit-options.js'

/** One host of a transport URL, every default filled in. */
export interface BrokerHost {
  /** A name in lower case, or an address; IPv6 without brackets. */
  readonly host: string
  readonly port: number
  readonly user: string
  /** A secret. */
  readonly password: string
}

/** A transport URL of oslo.messaging's `rabbit` driver, read. */
export interface TransportUrl {
  /** At least one. Credentials belong to one host: `u:p@h1,h2` logs in to h2 as guest, as the original does. */
  readonly hosts: readonly BrokerHost[]
  readonly virtualHost: string
  readonly options: RabbitOptions
  /** The URL for people: hosts, ports and virtual host, `amqp://h1:5672,h2:5672/vhost`. Holds no secret. */
  readonly name: string
  /** What is legal, but does not do what one may think. */
  readonly warnings: readonly string[]
}

/** A transport URL that cannot be used. The message holds nothing of the URL that may be a secret. */
export class TransportUrlError extends Error {
  override readonly name = 'TransportUrlError'
}

const defaultPort = 5672
const drivers = ['rabbit', 'kombu']
const escapeHint = 'in a user or password write %23 for "#", %2C for ",", %2F for "/" and %3F for "?"'

/**
 * Reads a transport URL by the grammar of oslo.messaging:
 * `rabbit://[user[:password]@]host[:port][,…]/[virtual host][?option=value&…]`.
 *
 * Defaults: guest and guest, each separately; port 5672, with TLS too; no host is localhost; no virtual host is `/`.
 * An empty text is `rabbit://`.
 *
 * @throws TransportUrlError
 */
export function parseTransportUrl(url: string): TransportUrl {
  const pieces = split(url === '' ? 'rabbit://' : url)
  const warnings = checkScheme(pieces.scheme)
  const hosts = pieces.authority
    .split(',')
    .filter((item) => item !== '')
    .map((item, index) => readHost(item, index + 1))
  if (hosts.length > 1 && hosts.some((host) => host.named) && hosts.some((host) => !host.named))
    warnings.push('some hosts have no user and password of their own and log in as guest')
  const { options, warnings: remarks, fault } = readRabbitOptions(readQuery(pieces.query))
  if (fault !== undefined) throw new TransportUrlError(`transport URL: ${fault}`)
  const brokers = hosts.length === 0 ? [localhost] : hosts.map(({ broker }) => broker)
  const virtualHost = unquote(pieces.path.slice(1)) || '/'
  const name = describe(brokers, virtualHost)
  return { hosts: brokers, virtualHost, options, name, warnings: [...warnings, ...remarks] }
}

/** What there is to say of a transport URL, in sentences without secrets. */
export function judgeTransportUrl(url: string): {
  /** Why it cannot be used; undefined when it can. */
  readonly fault: string | undefined
  /** The same text for URLs of the same hosts, in any order, and virtual host. Undefined when it cannot be used. */
  readonly broker: string | undefined
  readonly warnings: readonly string[]
} {
  try {
    const { hosts, virtualHost, warnings } = parseTransportUrl(url)
    const sorted = hosts.toSorted((a, b) => (hostAndPort(a) < hostAndPort(b) ? -1 : 1))
    return { fault: undefined, broker: describe(sorted, virtualHost), warnings }
  } catch (error) {
    if (error instanceof TransportUrlError) return { fault: error.message, broker: undefined, warnings: [] }
    throw error
  }
}

/** `h1:5672`, `[::1]:5672`. */
export function hostAndPort({ host, port }: Pick<BrokerHost, 'host' | 'port'>): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

const localhost: BrokerHost = { host: 'localhost', port: defaultPort, user: 'guest', password: 'guest' }

function describe(hosts: readonly BrokerHost[], virtualHost: string): string {
  const path = virtualHost === '/' ? '' : encodeURIComponent(virtualHost)
  return `amqp://${hosts.map(hostAndPort).join(',')}/${path}`
}

interface Pieces {
  readonly scheme: string
  readonly authority: string
  readonly path: string
  readonly query: string
}

/**
 * As Python's urlparse: the authority ends at the first `/`, `?` or `#`. The fragment is nobody's. An "@"
 * in path, fragment or the name of an option says that what stands before it may be the rest of a password.
 */
function split(url: string): Pieces {
  const match = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?(.*)$/is.exec(url)
  if (match === null)
    throw new TransportUrlError(
      'transport URL: it does not begin with rabbit://; write rabbit://user:password@host:5672/virtual-host',
    )
  const [, scheme = '', authority = '', path = '', query = '', fragment = ''] = match
  if ([path, fragment, ...optionNames(query)].some((part) => part.includes('@')))
    throw new TransportUrlError(
      `transport URL: it has an "@" behind the hosts; ${escapeHint}; in a virtual host write %40 for "@"`,
    )
  return { scheme: scheme.toLowerCase(), authority, path, query }
}

function optionNames(query: string): readonly string[] {
  return query.split('&').map((option) => option.split('=')[0] ?? '')
}

function checkScheme(scheme: string): string[] {
  const [driver = '', ...extra] = scheme.split('+')
  if (!drivers.includes(driver))
    throw new TransportUrlError(
      `transport URL: there is no driver ${driver}; write rabbit://…${/s$/.test(driver) ? ' and ?ssl=true for TLS' : ''}`,
    )
  return extra.length === 0 ? [] : [`"+${extra.join('+')}" means nothing; TLS is asked for by ?ssl=true`]
}

interface ReadHost {
  readonly broker: BrokerHost
  /** Whether it has credentials of its own. */
  readonly named: boolean
}

function readHost(item: string, position: number): ReadHost {
  const at = item.lastIndexOf('@')
  const credentials = at < 0 ? '' : item.slice(0, at)
  const colon = credentials.indexOf(':')
  const user = unquote(colon < 0 ? credentials : credentials.slice(0, colon))
  const password = unquote(colon < 0 ? '' : credentials.slice(colon + 1))
  const { host, port } = readAddress(item.slice(at + 1), position)
  return {
    broker: {
      host: host === '' ? 'localhost' : host.toLowerCase(),
      port,
      user: user || 'guest',
      password: password || 'guest',
    },
    named: at >= 0,
  }
}

function readAddress(address: string, position: number): { host: string; port: number } {
  // Two colons without brackets can only be an IPv6 address.
  if (/^[0-9a-f:.]*:[0-9a-f:.]*:[0-9a-f:.]*$/i.test(address)) return { host: address, port: defaultPort }
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(.*))?$/.exec(address)
  if (match === null || (match[1] !== undefined && !isIPv6(match[1])))
    throw new TransportUrlError(`transport URL: host ${position} is no name and no address; ${escapeHint}`)
  const [, inBrackets, plain, port = ''] = match
  return { host: inBrackets ?? plain ?? '', port: port === '' ? defaultPort : readPort(port, position) }
}

function readPort(text: string, position: number): number {
  const port = /^\d+$/.test(text) ? Number(text) : NaN
  if (port >= 1 && port <= 65535) return port
  throw new TransportUrlError(
    `transport URL: the port of host ${position} is not a number from 1 to 65535; ${escapeHint}`,
  )
}

/** As Python's parse_qs: empty values are left out; the values of a repeated option are joined by commas. */
function readQuery(query: string): Map<string, string> {
  const values = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(query)) {
    if (value === '') continue
    const before = values.get(name)
    values.set(name, before === undefined ? value : `${before},${value}`)
  }
  return values
}

/** As Python's unquote: what is no escape stays as it is. */
function unquote(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) =>
    Buffer.from(escapes.replaceAll('%', ''), 'hex').toString('utf8'),
  )
}
