import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { connect, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer, type PeerCertificate, type TLSSocket } from 'node:tls'
import { promisify } from 'node:util'
import type { TcpTarget } from './tcp-cut.js'

const openssl = (...args: string[]) => promisify(execFile)('openssl', args)

/** A certificate authority of one test, in a folder of its own. */
export interface TestAuthority {
  readonly caFile: string
  /** Issues a certificate. `names` as openssl's subjectAltName: `DNS:localhost,IP:127.0.0.1`. */
  issue(commonName: string, names: string): Promise<{ readonly certFile: string; readonly keyFile: string }>
  remove(): Promise<void>
}

export async function createTestAuthority(): Promise<TestAuthority> {
  const folder = await mkdtemp(join(tmpdir(), 'virtpoll-tls-'))
  const file = (name: string): string => join(folder, name)
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1']
  const [caFile, caKey] = [file('ca.pem'), file('ca.key')]
  await openssl('req', '-x509', ...newKey, '-subj', '/CN=test authority', '-keyout', caKey, '-out', caFile)
  return {
    caFile,
    async issue(commonName, names) {
      const [certFile, keyFile] = [file(`${commonName}.pem`), file(`${commonName}.key`)]
      await openssl(
        ...['req', '-x509', ...newKey, '-subj', `/CN=${commonName}`, '-keyout', keyFile, '-out', certFile],
        ...['-CA', caFile, '-CAkey', caKey, '-addext', `subjectAltName=${names}`],
        ...['-addext', 'basicConstraints=critical,CA:FALSE'],
      )
      return { certFile, keyFile }
    },
    remove: () => rm(folder, { recursive: true }),
  }
}

export interface TlsFrontOptions {
  readonly certFile: string
  readonly keyFile: string
  /** Asks for a certificate of this authority. */
  readonly clientCaFile?: string
}

/** A TLS server before a plain one. */
export interface TlsFront {
  readonly port: number
  /** Of each client: its certificate's common name, the name it asked for (SNI), the protocol. */
  readonly clients: readonly {
    readonly certificate: string
    readonly asked: string
    readonly protocol: string
  }[]
  close(): Promise<void>
}

export async function startTlsFront(target: TcpTarget, options: TlsFrontOptions): Promise<TlsFront> {
  const clients: { certificate: string; asked: string; protocol: string }[] = []
  const open = new Set<TLSSocket>()
  const server = createServer(
    {
      cert: await readFile(options.certFile),
      key: await readFile(options.keyFile),
      ...(options.clientCaFile === undefined
        ? {}
        : { ca: await readFile(options.clientCaFile), requestCert: true, rejectUnauthorized: true }),
    },
    (inward) => {
      const { subject } = inward.getPeerCertificate() as Partial<PeerCertificate>
      const { servername } = inward as { servername?: string | false }
      clients.push({
        certificate: [subject?.CN].join(),
        asked: servername || '',
        protocol: inward.getProtocol() ?? '',
      })
      open.add(inward)
      const outward = connect(target.port, target.host)
      for (const socket of [inward, outward]) socket.on('error', () => undefined)
      inward.pipe(outward).pipe(inward)
      inward.on('close', () => outward.destroy())
      outward.on('close', () => inward.destroy())
    },
  )
  // A client that does not trust us hangs up; that is what the tests are about.
  server.on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    clients,
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      for (const socket of open) socket.destroy()
      await closed
    },
  }
}
