import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'

/** Figures by name and labels, as in `virtpoll_samples_missing_total{reason="stuck"}`. */
export type MetricFigures = ReadonlyMap<string, number>

/** Where one agent of a test serves `/metrics` and `/healthz`. */
export interface StatusEndpoint {
  /** The value of `http` in agent.yaml. */
  readonly http: { readonly listen: string }
  page(): Promise<string>
  metrics(): Promise<MetricFigures>
}

/** An endpoint on a port that nobody listens on. */
export async function statusEndpoint(): Promise<StatusEndpoint> {
  const listen = `127.0.0.1:${await freePort()}`
  const page = async () => (await fetch(`http://${listen}/metrics`)).text()
  return { http: { listen }, page, metrics: async () => parseMetrics(await page()) }
}

/** The sum over all labels of one metric. */
export function sumOf(metrics: MetricFigures, name: string): number {
  const mine = [...metrics].filter(([key]) => key === name || key.startsWith(`${name}{`))
  return mine.reduce((sum, [, figure]) => sum + figure, 0)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Prometheus' text format. */
function parseMetrics(page: string): MetricFigures {
  return new Map(
    page
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  )
}
