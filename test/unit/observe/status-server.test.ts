import { afterEach, describe, expect, it } from 'vitest'
import { startStatusServer, type Health, type StatusServer } from '../../../src/observe/status-server.js'

let server: StatusServer | undefined

afterEach(async () => {
  await server?.close()
  server = undefined
})

async function serve(health: Health, metrics = () => Promise.resolve('a_metric 1\n')): Promise<string> {
  server = await startStatusServer({
    host: '127.0.0.1',
    port: 0,
    metrics,
    contentType: 'text/plain',
    health: () => health,
  })
  return `http://127.0.0.1:${server.port}`
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

  it('answers 500 when the metrics cannot be collected, and goes on', async () => {
    const base = await serve(well, () => Promise.reject(new Error('no figures')))
    expect((await fetch(`${base}/metrics`)).status).toBe(500)
    expect((await fetch(`${base}/healthz`)).status).toBe(200)
  })
})
