import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { loadConfiguration } from '../../../src/agents/configuration.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'virtpoll-configuration-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true })
})

/** Loads a configuration with a pollster file of one meter of this discovery. */
async function loading(discovery: string) {
  const pollster = join(folder, `${discovery}.mjs`)
  await writeFile(
    pollster,
    `export default { apiVersion: 1, pollsters: [{
      meter: 'guest.answer', unit: '', type: 'gauge', number: 'int', description: 'the answer', needs: [],
      per: 'resource', discovery: '${discovery}', poll: () => [{ volume: 42 }],
    }] }`,
  )
  const file = join(folder, 'agent.yaml')
  await writeFile(file, JSON.stringify({ polling: { pollsters: [pollster] } }), { mode: 0o600 })
  const surroundings = { cwd: folder, hostName: 'host', packageFolder: folder, version: '0' }
  return { pollster, loaded: loadConfiguration({ file }, surroundings) }
}

it.each([
  ['local_nodes', 'did you mean "local_node"?'],
  ['tenant', 'there are: local_instances, local_node'],
])('a pollster of the unknown discovery %s is refused when it is loaded', async (discovery, hint) => {
  const { pollster, loaded } = await loading(discovery)
  await expect(loaded).rejects.toMatchObject({
    code: 'POLLSTER_INVALID',
    message:
      `pollster file ${pollster}: pollsters[0].discovery of the meter guest.answer: ` +
      `no discovery is called "${discovery}"; ${hint}`,
  })
})

it.each(['local_instances', 'local_node'])('a pollster of the discovery %s is loaded', async (discovery) => {
  const { pollsters } = await (await loading(discovery)).loaded
  expect(pollsters.at(-1)).toMatchObject({ meter: 'guest.answer', discovery })
})
