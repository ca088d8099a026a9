import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { domainDisks } from '../support/domain-xml.js'
import { openLab, type LabDomain } from '../support/lab.js'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { startCeilometer, type Ceilometer, type ReadSample } from './ceilometer.js'
import { instanceOf, meterOf } from './compare.js'
import { pollHooked } from './hooked-virtpoll.js'
import { newerMeters } from './newer-meters.js'
import { poisons, type Poison } from './poisons.js'
import { pollWithVirtpoll } from './virtpoll.js'

const execFileAsync = promisify(execFile)
const lab = openLab()
let healthy: LabDomain[] = []
const created: LabDomain[] = []
const endings: (() => Promise<unknown>)[] = []
let ceilometer: Ceilometer

beforeAll(async () => {
  healthy = [
    await lab.createDomain({ number: 1001 }, 'paused'),
    await lab.createDomain({ number: 1002 }, 'paused'),
  ]
})
beforeEach(() => {
  ceilometer = startCeilometer()
})
afterEach(async () => {
  await ceilometer.stop()
  for (const domain of created.splice(0)) await domain.remove()
  for (const end of endings.splice(0)) await end()
})
afterAll(() => lab.removeDomains())

const instanceMeters = ['cpu', 'memory.resident', ...newerMeters].filter(
  (meter) => meter !== 'memory.available',
)
const diskFigures = ['capacity', 'allocation', 'usage']
const readAndWrite = ['requests', 'bytes', 'latency'].flatMap((figure) => [
  `read.${figure}`,
  `write.${figure}`,
])
const vnicFigures = ['bytes', 'packets', 'packets.drop', 'packets.error', 'bytes.delta']

/** Every sample of a domain that nothing is wrong with, as `meter device`. */
function complete({ spec, taps }: LabDomain): string[] {
  const vnicMeters = ['incoming', 'outgoing'].flatMap((way) =>
    vnicFigures.map((name) => `network.${way}.${name}`),
  )
  return [
    ...instanceMeters,
    ...domainDisks(spec).flatMap(({ target }) =>
      [...diskFigures, ...readAndWrite].map((figure) => `disk.device.${figure} ${target}`),
    ),
    ...taps.flatMap((tap) => vnicMeters.map((meter) => `${meter} ${tap.slice(-2)}`)),
  ].sort()
}

/** The samples of a domain, likewise. */
function given(samples: readonly ReadSample[], { uuid }: LabDomain): string[] {
  return samples
    .filter((sample) => instanceOf(sample) === uuid)
    .map((sample) => {
      const device = (path: string) =>
        JSON.parse(sample.fields[`resource_metadata/${path}`] ?? '""') as string
      const meter = meterOf(sample)
      if (meter.startsWith('network.')) return `${meter} ${device('vnic_name').slice(-2)}`
      return `${meter} ${device('disk_name')}`.trimEnd()
    })
    .sort()
}

/** What it has when nothing is wrong with it; Nova's figures alone while it is shut off. */
const living = ({ start }: Poison, domain: LabDomain) =>
  start === 'defined' ? ['disk.ephemeral.size', 'disk.root.size'] : complete(domain)

const without = (samples: readonly string[], lost: RegExp) => samples.filter((sample) => !lost.test(sample))
const hasOriginal = (sample: string) => !newerMeters.has(sample)

/** Both sides poll the poisoned domain; what happens in mid-cycle happens to each. */
async function poll({ happens, ...poison }: Poison) {
  const domain = await poisoned(poison)
  if (happens === undefined) {
    return { domain, original: await ceilometer.poll(), ours: (await pollWithVirtpoll(ceilometer)).samples }
  }
  const command = happens.command(domain)
  const original = await ceilometer.poll({ call: happens.original, domain: domain.name, command })
  await domain.remove()
  const again = await poisoned(poison)
  const happen = () => execFileAsync(command[0]!, command.slice(1))
  const hook = { call: happens.virtpoll, uuid: again.uuid, happen }
  return { domain, original, ours: await pollHooked(ceilometer, hook) }
}

async function poisoned({ spec, start, serves, breaks }: Omit<Poison, 'happens'>): Promise<LabDomain> {
  if (serves !== undefined) endings.push(await serves())
  const domain = await lab.createDomain({ ...spec, number: 1003 }, start)
  created.push(domain)
  await breaks?.(domain)
  return domain
}

test.each(poisons)('$what: virtpoll loses that of the domain and nothing else', async (poison) => {
  const { domain, original, ours } = await poll(poison)
  const { loses, fields = {} } = poison.virtpoll

  for (const other of healthy) expect(given(ours, other)).toEqual(complete(other))
  expect(given(ours, domain)).toEqual(without(living(poison, domain), loses))
  for (const { fields: had } of ours.filter((sample) => instanceOf(sample) === domain.uuid))
    for (const [path, text] of Object.entries(fields)) expect([path, had[path]]).toEqual([path, text])

  expect(original.complaints.join('\n')).toMatch(poison.original.says)
  const survived = given(original.samples, domain)
  const whole = living(poison, domain).filter(hasOriginal)
  if (poison.happens === undefined) expect(survived).toEqual(without(whole, poison.original.loses))
  else expect(survived.filter((sample) => poison.original.loses.test(sample))).toEqual([])
  const lost = healthy.flatMap((other) => {
    const kept = new Set(given(original.samples, other))
    return complete(other).filter((sample) => hasOriginal(sample) && !kept.has(sample))
  })
  const all = healthy.flatMap(complete).filter(hasOriginal)
  if (poison.original.ofOthers === 'everything') expect(lost).toEqual(all)
  else expect(new Set(lost).size).toBeLessThanOrEqual(poison.original.ofOthers === 'nothing' ? 0 : 1)
})
