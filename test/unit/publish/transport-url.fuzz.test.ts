import fc from 'fast-check'
import { expect, test } from 'vitest'
import { judgeTransportUrl, parseTransportUrl } from '../../../src/publish/transport-url.js'
import { fuzzRuns } from '../../support/fuzz-runs.js'

const secret = 's3cret'
const numRuns = fuzzRuns(2000)

const piece = fc.oneof(
  fc.constantFrom(
    ...[
      'rabbit',
      'kombu',
      '://',
      ':',
      '/',
      '//',
      '@',
      ',',
      '?',
      '&',
      '=',
      '#',
      '%',
      '%2F',
      '%zz',
      '[',
      ']',
      '::1',
    ],
    ...[
      'h',
      'guest',
      '5672',
      '99999',
      '-1',
      'ssl',
      'true',
      'ssl_ca_file',
      'heartbeat_timeout_threshold',
      ' ',
      '\n',
    ],
    '9'.repeat(400),
  ),
  fc.string({ unit: 'binary', maxLength: 4 }),
)
const pieces = fc.array(piece, { maxLength: 20 }).map((parts) => parts.join(''))

/** A URL is judged: it has a fault in words, or it parses, into a broker that one could connect to. */
function expectJudged(url: string): void {
  const { fault } = judgeTransportUrl(url)
  if (fault !== undefined) {
    expect(fault).toMatch(/^transport URL: ./)
    return
  }
  const { hosts } = parseTransportUrl(url)
  expect(hosts.length).toBeGreaterThan(0)
  for (const { port } of hosts) expect(Number.isInteger(port) && port > 0 && port < 65_536).toBe(true)
}

test('whatever text comes in is read as a transport URL or refused with a sentence', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        pieces,
        pieces.map((rest) => `rabbit://${rest}`),
      ),
      (url) => {
        expectJudged(url)
      },
    ),
    { numRuns },
  )
})

test('a password shows in no fault, remark or name, whatever stands around it', () => {
  fc.assert(
    // After an "=" it could be the value of an option, which may hold an "@".
    fc.property(
      pieces,
      pieces.map((text) => text.replaceAll('=', '')),
      (before, after) => {
        const url = `rabbit://${before}guest:${secret}${after}@h/`
        const { fault } = judgeTransportUrl(url)
        const words = fault === undefined ? shown(url) : fault
        expect(words).not.toContain(secret)
      },
    ),
    { numRuns },
  )
})

function shown(url: string): string {
  const { name, warnings } = parseTransportUrl(url)
  return [name, ...warnings].join('\n')
}
