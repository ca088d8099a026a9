import { createServer, type ServerResponse } from 'node:http'
import { once } from 'node:events'

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

function answer(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-store' })
  response.end(body)
}

/**
 * Serves GET /metrics and /healthz. /healthz answers 200 when live and 503 when not, so that a supervisor restarts
 * only what hangs; `?ready` asks for readiness instead.
 */
export async function startStatusServer(options: StatusServerOptions): Promise<StatusServer> {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      answer(response, 405, 'text/plain', 'GET only\n')
    } else if (url.pathname === '/metrics') {
      options.metrics().then(
        (page) => {
          answer(response, 200, options.contentType, page)
        },
        (error: unknown) => {
          answer(response, 500, 'text/plain', `metrics cannot be collected: ${String(error)}\n`)
        },
      )
    } else if (url.pathname === '/healthz') {
      const health = options.health()
      const well = url.searchParams.has('ready') ? health.ready : health.live
      answer(response, well ? 200 : 503, 'application/json', `${JSON.stringify(health)}\n`)
    } else {
      answer(response, 404, 'text/plain', 'there is /metrics and /healthz\n')
    }
  })
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
