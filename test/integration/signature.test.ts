import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createMeterMessageWriter } from '../../src/publish/meter-message-writer.js'
import { judgeSignatures } from '../support/ceilometer-signatures.js'
import { anySample } from '../support/samples.js'

describe('meter messages of any samples', () => {
  it.each(['change this for valid signing', 's3cr3t-ż'])(
    'are signed and written as ceilometer and Python do, with the secret %s',
    (secret) => {
      const seed = Date.now()
      const write = createMeterMessageWriter({ secret, names: true })
      const messages = fc.sample(anySample, { numRuns: 3000, seed }).map(write)
      const verdicts = judgeSignatures(messages, secret)
      expect(verdicts).toHaveLength(messages.length)
      for (const [at, message] of messages.entries()) {
        const { message_signature: signature } = JSON.parse(message) as { readonly message_signature: string }
        expect(verdicts[at], `seed ${seed}`).toEqual({ signature, verified: true, json: message })
      }
    },
  )
})
