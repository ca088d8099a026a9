import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createMeterMessageWriter } from '../../src/publish/meter-message-writer.js'
import { anySample } from '../support/samples.js'

const judge = fileURLToPath(new URL('../support/ceilometer-signatures.py', import.meta.url))

interface Verdict {
  readonly signature: string
  readonly verified: boolean
  readonly json: string
}

/** Debian's Python, which has Debian's ceilometer. */
function judgeAll(messages: readonly string[], secret: string): Verdict[] {
  const run = spawnSync('/usr/bin/python3', [judge, secret], {
    input: messages.map((message) => `${message}\n`).join(''),
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  })
  if (run.status !== 0) throw new Error(`${judge} failed: ${run.stderr}`, { cause: run.error })
  return run.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Verdict)
}

describe('meter messages of any samples', () => {
  it.each(['change this for valid signing', 's3cr3t-ż'])(
    'are signed and written as ceilometer and Python do, with the secret %s',
    (secret) => {
      const seed = Date.now()
      const write = createMeterMessageWriter({ secret, names: true })
      const messages = fc.sample(anySample, { numRuns: 3000, seed }).map(write)
      const verdicts = judgeAll(messages, secret)
      expect(verdicts).toHaveLength(messages.length)
      for (const [at, message] of messages.entries()) {
        const { message_signature: signature } = JSON.parse(message) as { readonly message_signature: string }
        expect(verdicts[at], `seed ${seed}`).toEqual({ signature, verified: true, json: message })
      }
    },
  )
})
