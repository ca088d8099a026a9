import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { format, resolveConfig } from 'prettier'
import { expect, test } from 'vitest'
import { describeAgentYaml, describeConfiguration } from '../../../src/config/describe.js'
import { loadPollingFile } from '../../../src/config/polling-file.js'
import { knownNames } from './known-names.js'

const fromRoot = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url))

// `vitest run --project unit test/unit/config/describe.test.ts -u` writes both files anew.
test.each([
  ['config/agent.yaml', 'yaml', describeAgentYaml],
  ['docs/config.md', 'markdown', describeConfiguration],
] as const)('%s says what the schema says', async (path, parser, describe) => {
  const style = await resolveConfig(fromRoot(path))
  await expect(await format(describe(), { ...style, parser })).toMatchFileSnapshot(fromRoot(path))
})

test('config/agent.yaml has no line that an editor would break', () => {
  const long = readFileSync(fromRoot('config/agent.yaml'), 'utf8')
    .split('\n')
    .filter((line) => line.length > 110)
  expect(long).toEqual([])
})

test('config/polling.yaml loads without a remark', async () => {
  const { sources, warnings } = await loadPollingFile({
    file: fromRoot('config/polling.yaml'),
    cwd: fromRoot('.'),
    known: knownNames,
  })
  expect(warnings).toEqual([])
  expect(sources).toMatchObject([{ schedule: { kind: 'interval', seconds: 300 } }])
})
