import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { openStatusEndpoint } from '../../../src/agents/status-endpoint.js'
import { createLogger } from '../../../src/observe/log.js'
import { createFakeClock } from '../../support/fake-clock.js'
import { waitFor } from '../../support/wait-for.js'

let other: Server

async function takenPort(): Promise<number> {
  other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  return (other.address() as AddressInfo).port
}
afterEach(() => other.close())

async function open(port: number) {
  const lines: { msg: string; level: string; err?: { code: string; message: string } }[] = []
  const log = await createLogger(
    { level: 'info', format: 'json' },
    { write: (line) => lines.push(JSON.parse(line) as (typeof lines)[number]) },
  )
  const clock = createFakeClock()
  const endpoint = await openStatusEndpoint(
    {
      ...{ host: '127.0.0.1', port, contentType: 'text/plain' },
      metrics: () => Promise.resolve('figures\n'),
      health: () => ({ live: true, ready: true, notes: [] }),
    },
    { clock, log },
  )
  return { endpoint, clock, lines, said: () => lines.map(({ msg }) => msg) }
}

describe('an endpoint whose address is taken', () => {
  it('is tried again until it can be had, with a line when it is away and one when it is back', async () => {
    const port = await takenPort()
    const { endpoint, clock, lines, said } = await open(port)
    await clock.advance(30)
    await clock.advance(30)
    expect(said()).toEqual(['status endpoint away'])
    expect(lines[0]).toMatchObject({ level: 'error', err: { code: 'STATUS_UNAVAILABLE' } })
    expect(lines[0]?.err?.message).toContain(`cannot listen on 127.0.0.1:${port}`)
    expect(lines[0]?.err?.message).toContain('set http.listen in agent.yaml, or http: null')

    other.close()
    await once(other, 'close')
    await waitFor('it is back', async () => {
      await clock.advance(30)
      return said().length === 2
    })
    expect(said()[1]).toBe('status endpoint back')
    const page = await fetch(`http://127.0.0.1:${port}/metrics`)
    expect(await page.text()).toBe('figures\n')
    await endpoint.close()
    await expect(fetch(`http://127.0.0.1:${port}/metrics`)).rejects.toThrow()
  })

  it('is given up when the agent ends', async () => {
    const { endpoint, said } = await open(await takenPort())
    await endpoint.close()
    expect(said()).toEqual(['status endpoint away'])
  })
})
