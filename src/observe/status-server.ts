import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import { toError } from '../errors.js'

/** What /healthz says. */
export interface Health {
  /** A cycle finished recently. */
  readonly live: boolean
  /** libvirt and every destination can be reached. */
  readonly ready: boolean
  /** One line for each thing that is not well, for a person. */
  readonly notes: readonly string[]
}

export interface StatusServerOptions {
  readonly host: string
  readonly port: number
  /** The page for /metrics, in Prometheus' text format. */
  readonly metrics: () => Promise<string>
  readonly contentType: string
  readonly health: () => Health
}

export interface StatusServer {
  /** The port listened on, also when 0 was asked for. */
  readonly port: number
  close(): Promise<void>
}

interface Answer {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

/**
 * Serves GET /metrics and /healthz. /healthz answers 200 when live and 503 when not, so that a supervisor restarts
 * only what hangs; `?ready` asks for readiness instead. What fails while it is answered is answered 500; no request
 * ends the process. Rejects with the operating system's error when it cannot listen.
 */
export async function startStatusServer(options: StatusServerOptions): Promise<StatusServer> {
  const server = createServer((request, response) => {
    void respond(request, response, options)
  })
  // Also told, when it listens, of a connection that cannot be accepted: that costs whoever asked, and nobody else.
  server.on('error', () => undefined)
  server.requestTimeout = 10_000
  server.listen(options.port, options.host)
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  options: StatusServerOptions,
): Promise<void> {
  try {
    send(response, await answerTo(request, options))
  } catch (error) {
    send(response, plain(500, `this cannot be answered: ${toError(error).message}`))
  }
}

async function answerTo(request: IncomingMessage, options: StatusServerOptions): Promise<Answer> {
  const { method, url = '' } = request
  if (method !== 'GET' && method !== 'HEAD') return plain(405, 'GET only')
  const { path, query } = targetOf(url)
  if (path === '/metrics')
    return { status: 200, contentType: options.contentType, body: await options.metrics() }
  if (path !== '/healthz') return plain(404, 'there is /metrics and /healthz')
  const health = options.health()
  const well = query.has('ready') ? health.ready : health.live
  return { status: well ? 200 : 503, contentType: 'application/json', body: `${JSON.stringify(health)}\n` }
}

/** Of a target as RFC 9112 section 3.2 has it, or of anything else: `new URL` throws for some. */
function targetOf(target: string): { readonly path: string; readonly query: URLSearchParams } {
  const [path = '', ...query] = target.replace(/^https?:\/\/[^/?]*/i, '').split('?')
  return { path, query: new URLSearchParams(query.join('?')) }
}

function plain(status: number, sentence: string): Answer {
  return { status, contentType: 'text/plain', body: `${sentence}\n` }
}

function send(response: ServerResponse, { status, contentType, body }: Answer): void {
  response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-store' })
  response.end(body)
}
