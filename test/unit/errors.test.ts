import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { AgentError, ConfigError, errorCodes, toError } from '../../src/errors.js'

describe('the catalogue of error codes', () => {
  it('is documented code for code, and no other code is', () => {
    const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')
    const documented = [...page.matchAll(/^### ([A-Z_]+)$/gm)].map((match) => match[1])
    expect(documented.toSorted()).toEqual(Object.keys(errorCodes).toSorted())
  })
})

describe('an AgentError', () => {
  it('carries its class name, code, details and cause', () => {
    const cause = new Error('why')
    const error = new ConfigError('CONFIG_INVALID', 'what', { details: { line: 3 }, cause })
    expect(error).toBeInstanceOf(AgentError)
    expect(error).toMatchObject({ name: 'ConfigError', code: 'CONFIG_INVALID', details: { line: 3 }, cause })
  })

  it('has no cause when none was given', () => {
    expect('cause' in new ConfigError('CONFIG_INVALID', 'what')).toBe(false)
  })
})

describe('toError', () => {
  it.each([['text'], [42], [undefined], [null]])('wraps a thrown %o that is no Error', (thrown) => {
    expect(toError(thrown)).toMatchObject({ message: String(thrown), cause: thrown })
  })
})
