import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, it } from 'vitest'
import { checkCommand } from '../../../src/cli/check.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'virtpoll-check-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

/** The notes of `virtpoll check` on these publishers. */
async function notesOn(...publisher: readonly object[]): Promise<readonly string[]> {
  const config = join(folder, 'agent.yaml')
  writeFileSync(config, JSON.stringify({ publisher }), { mode: 0o600 })
  let said = ''
  const io = {
    stdout: { write: () => true },
    stderr: { write: (text: string) => (said += text) },
    interactive: false,
    ...{ cwd: folder, hostName: 'host', packageFolder: root, version: '0' },
    onSignal: () => () => undefined,
  }
  const code = await checkCommand({ config, polling: join(root, 'config/polling.yaml') }, io)
  expect(code).toBe(0)
  return said.split('\n').filter((line) => line.startsWith('note: '))
}

const secret = { telemetry_secret: 'of this cloud' }
const file = { driver: 'file', path: 'samples.jsonl' }

it.each([
  { publishers: [{ ...secret, durable: true }], notes: [] },
  { publishers: [{ ...secret, quorum: true }], notes: [] },
  { publishers: [{ ...file, ...secret }], notes: [] },
  { publishers: [secret], notes: [/the queue is not durable/] },
  { publishers: [{ durable: true }], notes: [/telemetry_secret .* for messagingv2, so/] },
  { publishers: [{ ...secret, durable: true }, file], notes: [/telemetry_secret .* for file, so/] },
  { publishers: [{}, file], notes: [/not durable/, /telemetry_secret .* for messagingv2, file, so/] },
])('check on $publishers notes $notes', async ({ publishers, notes }) => {
  const found = await notesOn(...publishers)
  expect(found).toHaveLength(notes.length)
  for (const [at, note] of notes.entries()) expect(found[at]).toMatch(note)
})
