import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ConfigError } from '../../../src/errors.js'
import { loadPollsters } from '../../../src/pollster/load.js'
import { aContext, anInstance, uuidOf } from '../../support/instances.js'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'virtpoll-pollsters-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true })
})

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, text)
  return path
}

const aPollster = `{
  meter: 'guest.answer', unit: '', type: 'gauge', number: 'int', description: 'the answer', needs: [],
  per: 'instance', poll: () => [{ volume: 42 }],
}`
const aModule = `export default { apiVersion: 1, pollsters: [${aPollster}] }`

async function refusal(...files: string[]): Promise<ConfigError> {
  const error: unknown = await loadPollsters({ files }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(ConfigError)
  expect(error).toMatchObject({ code: 'POLLSTER_INVALID' })
  return error as ConfigError
}

describe('loading pollsters', () => {
  it('puts the users’ meters beside the built-in ones', async () => {
    const builtIn = await loadPollsters({ files: [] })
    const all = await loadPollsters({ files: [await file('answer.mjs', aModule)] })
    expect(all.slice(0, -1).map(({ meter }) => meter)).toEqual(builtIn.map(({ meter }) => meter))
    expect(await all.at(-1)!.poll(anInstance(), aContext())).toEqual([{ volume: 42 }])
  })

  it('loads the example of pollsters/README.md, and its meters work', async () => {
    const readme = await readFile(new URL('../../../pollsters/README.md', import.meta.url), 'utf8')
    const example = /```js\n(.*?)```/s.exec(readme)![1]!
    const all = await loadPollsters({ files: [await file('ratios.mjs', example)] })
    const [ratio, share] = all.slice(-2)
    expect(ratio!.meter).toBe('memory.resident.ratio')
    expect(await ratio!.poll(anInstance(), aContext())).toEqual([
      { volume: (100 * 204_801) / 524_288, resourceId: uuidOf(1) },
    ])
    const [reading] = await share!.poll(anInstance(), aContext({ once: (_key, produce) => produce() }))
    expect(reading).toMatchObject({ metadata: { host_cpus: expect.any(Number) as number } })
    const look = { ok: false, reason: 'stuck', detail: 'late' } as const
    expect(await share!.poll(anInstance(), aContext({ look }))).toMatchObject([{ reason: 'stuck' }])
  })

  it('hands everything of the door to a file that exports a function', async () => {
    const path = await file(
      'door.mjs',
      `export default async (door) => ({ apiVersion: 1, pollsters: [door.vnicDelta({
        meter: 'guest.delta', unit: 'B', description: 'a delta', needs: ['interface'], counter: (vnic) => vnic.rxBytes,
      })] })`,
    )
    expect((await loadPollsters({ files: [path] })).at(-1)).toMatchObject({
      meter: 'guest.delta',
      per: 'vnic',
    })
  })

  it('names both files when two have a pollster for one meter', async () => {
    const one = await file('one.mjs', aModule)
    const two = await file('two.mjs', aModule)
    const { message } = await refusal(one, two)
    expect(message).toContain('guest.answer')
    expect(message).toContain(one)
    expect(message).toContain(two)
  })

  it('names the built-in file when a user’s meter is already there', async () => {
    const own = await file('own.mjs', aModule.replace('guest.answer', 'cpu'))
    const { message } = await refusal(own)
    expect(message).toMatch(/pollsters\/cpu\.[jt]s/)
    expect(message).toContain(own)
  })

  it('refuses a meter of an unknown discovery and names file, meter and what is wrong', async () => {
    const path = await file('lost.mjs', aModule.replace('needs', "discovery: 'local_instance', needs"))
    const discoveryFault = (name: string) => (name === 'local_instances' ? undefined : `no ${name} here`)
    const error: unknown = await loadPollsters({ files: [path], discoveryFault }).catch(
      (thrown: unknown) => thrown,
    )
    expect(error).toBeInstanceOf(ConfigError)
    expect(error).toMatchObject({
      code: 'POLLSTER_INVALID',
      message: `pollster file ${path}: pollsters[0].discovery of the meter guest.answer: no local_instance here`,
    })
    await expect(loadPollsters({ files: [path], discoveryFault: () => undefined })).resolves.toBeDefined()
  })

  it('names a file that is not there, and the cause', async () => {
    const path = join(folder, 'nowhere.mjs')
    const { message, cause } = await refusal(path)
    expect(message).toContain(path)
    expect(cause).toBeInstanceOf(Error)
  })

  it.each([
    ['does not parse', 'export default {'],
    ['throws while it is loaded', "throw new Error('no licence')"],
    ['throws when it is handed the door', "export default () => { throw new Error('no licence') }"],
  ])('names a file that %s, and the cause', async (_what, text) => {
    const path = await file('broken.mjs', text)
    const { message, cause } = await refusal(path)
    expect(message).toContain(path)
    expect(cause).toBeInstanceOf(Error)
  })

  it.each([
    ['nothing', 'export const pollsters = []', 'default export'],
    ['another API', aModule.replace('apiVersion: 1', 'apiVersion: 2'), 'apiVersion must be 1'],
    ['no list', 'export default { apiVersion: 1, pollsters: {} }', 'pollsters must be a list'],
    ['a list of nothing', 'export default { apiVersion: 1, pollsters: [null] }', 'pollsters[0] must be'],
    ['a bad meter name', aModule.replace('guest.answer', 'guest answer'), 'pollsters[0].meter must be'],
    ['no unit', aModule.replace("unit: '',", ''), 'pollsters[0].unit must be a text'],
    ['a bad type', aModule.replace("'gauge'", "'gague'"), 'pollsters[0].type must be'],
    ['a bad number', aModule.replace("'int'", "'integer'"), 'pollsters[0].number must be'],
    ['no description', aModule.replace("'the answer'", "' '"), 'pollsters[0].description must be'],
    ['unknown needs', aModule.replace('needs: []', "needs: ['memory']"), 'pollsters[0].needs must be'],
    ['a bad per', aModule.replace("per: 'instance'", "per: 'nic'"), 'pollsters[0].per must be'],
    ['a bad discovery', aModule.replace('needs', 'discovery: 3, needs'), 'pollsters[0].discovery must be'],
    ['a bad computed', aModule.replace('needs', "computed: 'yes', needs"), 'pollsters[0].computed must be'],
    ['no poll', aModule.replace('() => [{ volume: 42 }]', '42'), 'pollsters[0].poll must be a function'],
  ])('refuses a file with %s and says where', async (_what, text, place) => {
    const path = await file('wrong.mjs', text)
    const { message } = await refusal(path)
    expect(message).toContain(path)
    expect(message).toContain(place)
  })
})
