import { once } from 'node:events'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Server } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, it } from 'vitest'
import {
  startStatusServer,
  type Health,
  type StatusServer,
  type StatusServerOptions,
} from '../../../src/observe/status-server.js'

let server: StatusServer | undefined

afterEach(async () => {
  await server?.close()
  server = undefined
})

async function serve(health: Health, others: Partial<StatusServerOptions> = {}): Promise<string> {
  server = await startStatusServer({
    host: '127.0.0.1',
    port: 0,
    metrics: () => Promise.resolve('a_metric 1\n'),
    contentType: 'text/plain',
    health: () => health,
    ...others,
  })
  return `http://127.0.0.1:${server.port}`
}

/** What comes back for these bytes, to the end of the connection. */
async function ask(base: string, bytes: string): Promise<string> {
  const socket = connect(Number(new URL(base).port), '127.0.0.1')
  await once(socket, 'connect')
  socket.write(bytes)
  return text(socket)
}

function throwing(): never {
  throw new Error('no figures')
}

const well: Health = { live: true, ready: true, notes: [] }

describe('the status server', () => {
  it('serves the metrics page', async () => {
    const response = await fetch(`${await serve(well)}/metrics`)
    expect([response.status, await response.text()]).toEqual([200, 'a_metric 1\n'])
  })

  it.each([
    ['live and ready', well, '/healthz', 200],
    ['live, broker away, asked for life', { ...well, ready: false }, '/healthz', 200],
    ['live, broker away, asked for readiness', { ...well, ready: false }, '/healthz?ready', 503],
    ['hanging', { live: false, ready: true, notes: ['no cycle for 900 s'] }, '/healthz', 503],
  ])('answers for an agent that is %s', async (_, health, path, status) => {
    const response = await fetch(`${await serve(health)}${path}`)
    expect([response.status, await response.json()]).toEqual([status, health])
  })

  it('says what there is to anyone who asks for something else', async () => {
    const base = await serve(well)
    const missing = await fetch(`${base}/nothing`)
    const post = await fetch(`${base}/metrics`, { method: 'POST' })
    expect([missing.status, post.status]).toEqual([404, 405])
  })

  it.each([
    ['//', 404],
    ['//a:b/metrics', 404],
    ['*', 404],
    ['/%', 404],
    ['http://', 404],
    ['http://a:b/', 404],
    ['http://a:b/healthz', 200],
    ['HTTP://127.0.0.1/healthz?ready', 503],
    ['/healthz?a=%&ready=1', 503],
    ['/healthz?already', 200],
    ['/healthz?', 200],
  ])('answers whoever asks for %s with %i', async (target, status) => {
    const base = await serve({ ...well, ready: false })
    const answer = await ask(base, `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
    const [, code, body] = /^HTTP\/1\.1 (\d+) [^]*\r\n\r\n([^]+)$/.exec(answer) ?? []
    expect([Number(code), body]).toEqual([
      status,
      expect.stringContaining(status === 404 ? 'there is /metrics and /healthz\n' : '"live":true'),
    ])
    expect((await fetch(`${base}/metrics`)).status).toBe(200)
  })

  it('answers 400 to what is no HTTP, and goes on', async () => {
    const base = await serve(well)
    expect(await ask(base, 'what?\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
    expect((await fetch(`${base}/healthz`)).status).toBe(200)
  })

  it.each([
    [
      'the metrics cannot be collected',
      '/metrics',
      { metrics: () => Promise.reject(new Error('no figures')) },
    ],
    ['collecting the metrics throws', '/metrics', { metrics: throwing }],
    ['there is no telling the health', '/healthz', { health: throwing }],
    ['the answer cannot be sent', '/metrics', { contentType: 'no\nfigures' }],
  ])('answers 500 when %s, and goes on', async (_, path, fault) => {
    const base = await serve(well, fault)
    const response = await fetch(`${base}${path}`)
    expect([response.status, await response.text()]).toEqual([
      500,
      expect.stringMatching(/^this cannot be answered: ./),
    ])
    expect((await fetch(`${base}/nothing`)).status).toBe(404)
  })

  it('goes on when a connection cannot be accepted', async () => {
    const base = await serve(well)
    const servers: Server[] = []
    const onRequest = (message: unknown): void => {
      servers.push((message as { readonly server: Server }).server)
    }
    subscribe('http.server.request.start', onRequest)
    await fetch(`${base}/healthz`)
    unsubscribe('http.server.request.start', onRequest)
    for (const one of servers) one.emit('error', new Error('accept EMFILE'))
    expect([servers.length, (await fetch(`${base}/healthz`)).status]).toEqual([1, 200])
  })

  it('rejects when it cannot listen', async () => {
    const { port } = new URL(await serve(well))
    const second = startStatusServer({
      ...{ host: '127.0.0.1', port: Number(port), contentType: 'text/plain' },
      ...{ metrics: () => Promise.resolve(''), health: () => well },
    })
    await expect(second).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })
})
