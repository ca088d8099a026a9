import { readFile } from 'node:fs/promises'
import {
  checkServerIdentity,
  type ConnectionOptions,
  type PeerCertificate,
  type SecureVersion,
} from 'node:tls'
import { DestinationError, toError } from '../errors.js'
import type { RabbitOptions } from './rabbit-options.js'

export type TlsOptions = Pick<
  ConnectionOptions,
  'ca' | 'cert' | 'key' | 'minVersion' | 'maxVersion' | 'rejectUnauthorized' | 'checkServerIdentity'
>

/**
 * What TLS needs of the URL's `ssl_…` options: chain verified against `ssl_ca_file`, else against the system's
 * authorities that Node.js brings; host name verified unless `ssl_enforce_hostname_verification=false`, which leaves
 * the chain verified. Files are read anew for every connection, so that a renewed certificate is taken up.
 *
 * @throws DestinationError TLS_FAILED when a file cannot be read.
 */
export async function tlsOptions(options: RabbitOptions): Promise<TlsOptions> {
  const [ca, cert, key] = await Promise.all([
    readOption('ssl_ca_file', options.ssl_ca_file),
    readOption('ssl_cert_file', options.ssl_cert_file),
    readOption('ssl_key_file', options.ssl_key_file),
  ])
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...versions[options.ssl_version],
    rejectUnauthorized: true,
    checkServerIdentity: options.ssl_enforce_hostname_verification ? checkName : () => undefined,
  }
}

const only = (version: SecureVersion): TlsOptions => ({ minVersion: version, maxVersion: version })

const versions: Readonly<Record<RabbitOptions['ssl_version'], TlsOptions>> = {
  negotiated: {},
  TLSv1: only('TLSv1'),
  'TLSv1.1': only('TLSv1.1'),
  'TLSv1.2': only('TLSv1.2'),
}

async function readOption(option: string, path: string | undefined): Promise<Buffer | undefined> {
  if (path === undefined) return undefined
  try {
    return await readFile(path)
  } catch (error) {
    throw new DestinationError('TLS_FAILED', `${option} ${path} cannot be read: ${toError(error).message}`, {
      details: { option, path },
      cause: error,
    })
  }
}

function checkName(host: string, certificate: PeerCertificate): Error | undefined {
  const fault = checkServerIdentity(host, certificate)
  if (fault === undefined) return undefined
  return new DestinationError(
    'TLS_FAILED',
    `the broker's certificate is not for ${host} but for ${names(certificate)}; put a name of the certificate into ` +
      'the transport URL, or add ssl_enforce_hostname_verification=false to it to go without this check',
    { details: { host, names: names(certificate) }, cause: fault },
  )
}

/** `broker.example, 10.0.0.5`, else the subject's common name. */
function names({ subjectaltname, subject }: PeerCertificate): string {
  const alternatives = subjectaltname?.replaceAll(/(?:DNS|IP Address):/g, '')
  // Of several common names Node.js makes an array, whatever the type says.
  return alternatives ?? ([subject.CN].flat().join(', ') || 'no name at all')
}
