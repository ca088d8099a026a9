import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { renderMeters } from '../../../src/cli/render-meters.js'
import { loadPollsters } from '../../../src/pollster/load.js'

const page = fileURLToPath(new URL('../../../docs/meters.md', import.meta.url))

const introduction = `# Meters

Every meter that comes with virtpoll, as \`virtpoll meters --format markdown\` prints them. Computed meters are those
that ceilometer lists and never computes: wildcards do not select them unless \`polling.computed_meters\` is set. What a
meter needs are the groups of libvirt statistics that are read for it.

`

it('docs/meters.md is what `virtpoll meters --format markdown` prints (UPDATE_DOCS=1 rewrites it)', async () => {
  const expected = introduction + renderMeters(await loadPollsters({ files: [] }), 'markdown')
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(page, expected)
  expect(readFileSync(page, 'utf8')).toBe(expected)
})
