import { existsSync, readFileSync, writeFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { discoveryNames } from '../../../src/agents/configuration.js'
import { loadPollingFile } from '../../../src/config/polling-file.js'
import { loadPollsters } from '../../../src/pollster/load.js'
import { meterMessage } from '../../../src/sample/meter-message.js'
import { aSample } from '../../support/samples.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const readme = readFileSync(join(root, 'README.md'), 'utf8')

function block(language: string): string {
  const found = new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``).exec(readme)?.[1]
  if (found === undefined) throw new Error(`README.md has no ${language} block`)
  return found
}

describe('the README', () => {
  it('shows a sample with exactly the keys of the wire, in their order', () => {
    const shown = JSON.parse(block('json')) as object
    expect(Object.keys(shown)).toEqual([...Object.keys(meterMessage(aSample(), true)), 'message_signature'])
  })

  it('shows a polling.yaml that loads without a remark', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'virtpoll-readme-'))
    try {
      const file = join(folder, 'polling.yaml')
      writeFileSync(file, block('yaml'))
      const meters = (await loadPollsters({ files: [] })).map(({ meter, computed = false }) => ({
        meter,
        computed,
      }))
      const known = { meters, computedMeters: false, discoveries: discoveryNames, scheduleTimezone: 'UTC' }
      const { sources, warnings } = await loadPollingFile({ file, cwd: folder, known })
      expect(warnings).toEqual([])
      expect(sources.map(({ name }) => name)).toEqual(['billing', 'scaling'])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('puts the path of the documentation into the unit that the unit has', () => {
    const [, path = ''] = /sed "s\|([^|]+)\|/.exec(readme) ?? []
    const unit = readFileSync(join(root, 'packaging/virtpoll.service'), 'utf8')
    expect(unit).toContain(`Documentation=file://${path}/virtpoll/README.md`)
  })

  it('links to files that exist', () => {
    const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)/g)].map((match) => match[1] ?? '')
    expect(links.length).toBeGreaterThan(8)
    expect(links.filter((link) => !existsSync(join(root, link)))).toEqual([])
  })
})
