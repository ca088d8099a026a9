import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  brokerTarget,
  failureOf,
  observedPublisher,
  openBrokerSide,
  soon,
  testNotification,
  type BrokerSide,
} from '../support/broker.js'
import {
  createTestAuthority,
  startTlsFront,
  type TestAuthority,
  type TlsFront,
} from '../support/tls-front.js'

let authority: TestAuthority
let side: BrokerSide
let front: TlsFront

beforeAll(async () => {
  authority = await createTestAuthority()
})

afterAll(() => authority.remove())

beforeEach(async () => {
  side = await openBrokerSide()
})

afterEach(async () => {
  await front.close()
  await side.close()
})

async function openFront(names: string, clientCaFile?: string): Promise<void> {
  const server = await authority.issue('broker', names)
  front = await startTlsFront(brokerTarget, {
    ...server,
    ...(clientCaFile === undefined ? {} : { clientCaFile }),
  })
}

const url = (host: string, query: string): string =>
  `rabbit://guest:guest@${host}:${front.port}/?ssl=true&${query}`
const ca = (): string => `ssl_ca_file=${authority.caFile}`

async function publishOver(transportUrl: string): Promise<void> {
  const { publisher } = observedPublisher(side, transportUrl)
  try {
    await publisher.publish(testNotification(), soon())
  } finally {
    await publisher.close(soon())
  }
}

describe('TLS with the authority given', () => {
  it.each(['localhost', '127.0.0.1'])('publishes to %s when the certificate is for it', async (host) => {
    await openFront('DNS:localhost,IP:127.0.0.1')
    await publishOver(url(host, ca()))
    expect(await side.take(1)).toHaveLength(1)
    expect(front.clients).toEqual([
      { certificate: '', asked: host === 'localhost' ? host : '', protocol: 'TLSv1.3' },
    ])
  })

  it('speaks the version that the URL asks for', async () => {
    await openFront('DNS:localhost')
    await publishOver(url('localhost', `${ca()}&ssl_version=TLSv1_2`))
    expect(front.clients.map(({ protocol }) => protocol)).toEqual(['TLSv1.2'])
  })
})

describe('a certificate for another host', () => {
  it('is refused, with its names and the option that turns the check off', async () => {
    await openFront('DNS:rabbit.example,IP:192.0.2.1')
    const error = await failureOf(publishOver(url('localhost', ca())))
    expect(error).toMatchObject({ code: 'TLS_FAILED' })
    expect(error.message).toContain('not for localhost but for rabbit.example, 192.0.2.1')
    expect(error.message).toContain('ssl_enforce_hostname_verification=false')
  })

  it('is taken with that option', async () => {
    await openFront('DNS:rabbit.example')
    await publishOver(url('localhost', `${ca()}&ssl_enforce_hostname_verification=false`))
    expect(await side.take(1)).toHaveLength(1)
  })
})

describe('a certificate of an unknown authority', () => {
  it.each(['', 'ssl_version=TLSv1_2', 'ssl_enforce_hostname_verification=false'])(
    'is refused, also with %s',
    async (query) => {
      await openFront('DNS:localhost')
      expect(await failureOf(publishOver(url('localhost', query)))).toMatchObject({
        code: 'TLS_FAILED',
        details: { reason: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' },
      })
    },
  )
})

describe('a broker that asks for a client certificate', () => {
  it('gets the one of the URL', async () => {
    await openFront('DNS:localhost', authority.caFile)
    const client = await authority.issue('compute-7', 'DNS:compute-7')
    await publishOver(
      url('localhost', `${ca()}&ssl_cert_file=${client.certFile}&ssl_key_file=${client.keyFile}`),
    )
    expect(front.clients.map(({ certificate }) => certificate)).toEqual(['compute-7'])
  })

  it('is not reached without one', async () => {
    await openFront('DNS:localhost', authority.caFile)
    expect(await failureOf(publishOver(url('localhost', ca())))).toMatchObject({ code: 'TLS_FAILED' })
  })

  it('is asked for the login EXTERNAL when the URL says so', async () => {
    await openFront('DNS:localhost', authority.caFile)
    const client = await authority.issue('compute-7', 'DNS:compute-7')
    const files = `ssl_cert_file=${client.certFile}&ssl_key_file=${client.keyFile}`
    const error = await failureOf(
      publishOver(url('localhost', `${ca()}&${files}&rabbit_login_method=EXTERNAL`)),
    )
    // The broker behind the front does not see the certificate, and does not offer this login.
    expect(error).toMatchObject({ code: 'BROKER_REFUSED' })
    expect(error.message).toContain('EXTERNAL')
  })
})

describe('a file that cannot be read', () => {
  it('is named with its option', async () => {
    await openFront('DNS:localhost')
    const error = await failureOf(publishOver(url('localhost', 'ssl_ca_file=/nowhere/ca.pem')))
    expect(error).toMatchObject({
      code: 'TLS_FAILED',
      details: { option: 'ssl_ca_file', path: '/nowhere/ca.pem' },
    })
  })
})
