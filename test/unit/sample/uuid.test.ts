import { describe, expect, it } from 'vitest'
import { createUuidSource } from '../../../src/sample/uuid.js'

describe('a source of UUIDs', () => {
  const next = createUuidSource()
  const uuids = Array.from({ length: 2000 }, next)

  it('gives random UUIDs of version 4 as text in lower case', () => {
    for (const uuid of uuids)
      expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  })

  it('gives none twice, and neither does another source', () => {
    const other = createUuidSource()
    const all = [...uuids, ...Array.from({ length: 2000 }, other)]
    expect(new Set(all).size).toBe(all.length)
  })

  it('leaves no digit but the version and the variant the same', () => {
    const seen = Array.from({ length: 36 }, (_, place) => new Set(uuids.map((uuid) => uuid[place])).size)
    const [any, dash, version, variant] = [16, 1, 1, 4]
    const run = (count: number) => Array.from({ length: count }, () => any)
    const groups = [run(8), dash, run(4), dash, version, run(3), dash, variant, run(3), dash, run(12)]
    expect(seen).toEqual(groups.flat())
  })
})
