import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { judgeTransportUrl, parseTransportUrl } from '../../../src/publish/transport-url.js'

interface Effective {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly vhost: string
}

interface Reading {
  readonly parseError?: string
  readonly query?: Readonly<Record<string, string>>
  readonly effective?: readonly (Effective | { readonly error: string })[]
}

interface Vector extends Reading {
  readonly url: string
  readonly masterDiffers?: Reading
}

/** What oslo.messaging and kombu make of each URL. */
const { vectors } = JSON.parse(
  readFileSync(new URL('../../fixtures/wire/url-vectors.json', import.meta.url), 'utf8'),
) as { vectors: Vector[] }

/** Where we mean to differ from the release of oslo.messaging that the vectors come from, and why. */
const deviations: Readonly<Record<string, { reason: string; ours: Effective | RegExp }>> = {
  'rabbit://u%40x:p%2Fw%25@h/a%2Fb': {
    reason: 'a slash in a password breaks the original, however it is written',
    ours: { host: 'h', port: 5672, user: 'u@x', password: 'p/w%', vhost: 'a/b' },
  },
  'rabbit://u:p@::1/vh': {
    reason: 'later releases take an IPv6 address without brackets, and nothing else can be meant',
    ours: { host: '::1', port: 5672, user: 'u', password: 'p', vhost: 'vh' },
  },
  'amqp://h/': {
    reason: 'in oslo.messaging it is the driver of AMQP 1.0, another protocol, and gone since',
    ours: /no driver amqp; write rabbit:/,
  },
  'rabbits://h/': {
    reason: 'the vectors hold the parser alone; no driver has this name',
    ours: /no driver rabbits; .*\?ssl=true/,
  },
  'rabbit://h/vh?ssl=1&ssl=0': {
    reason: 'refused with the transport, after parsing',
    ours: /^transport URL: ssl must be/,
  },
  'rabbit://h/vh?nope=1': { reason: 'refused with the transport, after parsing', ours: /no option nope/ },
  'rabbit://h/vh?ssl=maybe': {
    reason: 'refused with the transport, after parsing',
    ours: /^transport URL: ssl must be/,
  },
  'rabbit://h/vh?rabbit_retry_interval=abc': {
    reason: 'refused with the transport, after parsing',
    ours: /rabbit_retry_interval must be a whole number/,
  },
}

function effective(url: string): Effective[] {
  const { hosts, virtualHost } = parseTransportUrl(url)
  return hosts.map((host) => ({ ...host, vhost: virtualHost }))
}

describe('transport URLs as oslo.messaging reads them', () => {
  it.each(vectors)('$url', ({ url, parseError, effective: expected }) => {
    const ours = deviations[url]?.ours
    if (ours instanceof RegExp) expect(() => effective(url)).toThrow(ours)
    else if (ours !== undefined) expect(effective(url)).toEqual([ours])
    else if (parseError !== undefined) expect(judgeTransportUrl(url).fault).toMatch(/^transport URL: /)
    else expect(effective(url)).toEqual(expected)
  })

  it('deviates only where the vectors hold such a URL', () => {
    const urls = vectors.map(({ url }) => url)
    expect(urls).toEqual(expect.arrayContaining(Object.keys(deviations)))
  })
})

describe('options of a transport URL', () => {
  const options = (query: string) => parseTransportUrl(`rabbit://h/?${query}`).options

  it('are at the defaults of oslo.messaging when nothing is said, save the check of the host name', () => {
    expect(options('')).toMatchObject({
      ssl: false,
      ssl_enforce_hostname_verification: true,
      heartbeat_timeout_threshold: 60,
      kombu_reconnect_delay: 1,
      rabbit_login_method: 'AMQPLAIN',
      rabbit_retry_interval: 1,
      rabbit_retry_backoff: 2,
      rabbit_interval_max: 30,
      amqp_durable_queues: undefined,
      rabbit_quorum_queue: undefined,
    })
  })

  it.each([
    ['ssl=True', 'ssl', true],
    ['ssl=off', 'ssl', false],
    ['ssl=', 'ssl', false],
    ['ssl_version=tlsv1_2', 'ssl_version', 'TLSv1.2'],
    ['ssl_ca_file=/etc/ca+b%20c.pem', 'ssl_ca_file', '/etc/ca b c.pem'],
    ['kombu_reconnect_delay=0.5', 'kombu_reconnect_delay', 0.5],
    ['kombu_compression=zlib', 'kombu_compression', 'gzip'],
    ['rabbit_login_method=plain', 'rabbit_login_method', 'PLAIN'],
    ['rabbit_quroum_max_memory_bytes=5', 'rabbit_quorum_max_memory_bytes', 5],
  ] as const)('%s', (query, name, value) => {
    expect(options(query)[name]).toBe(value)
  })

  it.each([
    ['ssl_cafile=x', /no option ssl_cafile; did you mean ssl_ca_file\?/],
    ['heartbeat_timeout_treshold=5', /did you mean heartbeat_timeout_threshold\?/],
    ['toString=1', /no option toString$/],
    ['kombu_compression=bz2', /kombu_compression must be one of gzip, zlib/],
    ['kombu_reconnect_delay=9', /at most 4.5/],
    ['heartbeat_timeout_threshold=-1', /whole number of at least 0/],
    ['ssl_enforce_fips_mode=true', /ssl_enforce_fips_mode must be one of .*false/],
    ['rabbit_login_method=RABBIT-CR-DEMO', /one of PLAIN, AMQPLAIN, EXTERNAL/],
    ['rabbit_login_method=EXTERNAL', /needs ssl=true and a client certificate/],
    ['ssl=1&ssl_cert_file=/c', /go together/],
    ['rabbit_quorum_queue=1&rabbit_ha_queues=1', /exclude each other/],
  ])('are refused with a sentence: %s', (query, sentence) => {
    expect(judgeTransportUrl(`rabbit://h/?${query}`).fault).toMatch(sentence)
  })

  it('that only listeners use are taken with a remark', () => {
    expect(parseTransportUrl('rabbit://h/?rabbit_qos_prefetch_count=100').warnings).toEqual([
      'rabbit_qos_prefetch_count is not used by a publisher',
    ])
  })
})

describe('secrets of a transport URL', () => {
  it('are not in its name', () => {
    const { name } = parseTransportUrl('rabbit://joe:s3cret@h1,sue:other@[::2]:1/a%2Fb?ssl=1')
    expect(name).toBe('amqp://h1:5672,[::2]:1/a%2Fb')
  })

  it.each([
    'rabbit://joe:s3cret#1@h/',
    'rabbit://joe:s3cret?1@h/',
    'rabbit://rabbit://joe:s3cret#1@h/',
    'rabbit://[joe:s3cret],@h/',
    'rabbit://joe:12?s3cret=1@h/',
    'rabbit://joe:s3cret/1@h/',
    'rabbit://joe:12/s3cret@h/',
    'rabbit://joe:s3c,s3cret@h:x/',
    'rabbit:joe:s3cret@h',
    'joe:s3cret@h',
    's3cret',
  ])('are in no message: %s', (url) => {
    expect(judgeTransportUrl(url).fault ?? '').not.toContain('s3cret')
    expect(parsedName(url)).not.toContain('s3cret')
  })

  function parsedName(url: string): string {
    return judgeTransportUrl(url).fault === undefined ? parseTransportUrl(url).name : ''
  }
})

describe('remarks on a transport URL', () => {
  it.each([
    ['rabbit+ssl://h/', /"\+ssl" means nothing; TLS is asked for by \?ssl=true/],
    ['rabbit://u:p@h1,h2/', /log in as guest/],
  ])('%s', (url, remark) => {
    expect(parseTransportUrl(url).warnings).toEqual([expect.stringMatching(remark)])
  })
})
