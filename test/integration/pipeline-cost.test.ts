import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { median } from '../../bench/figures.js'
import { recordedHost } from '../../bench/pipeline-host.js'
import { loadConfiguration } from '../../src/agents/configuration.js'
import { buildHost } from '../../src/agents/polling.js'
import { runCycle } from '../../src/polling/cycle.js'
import { assign } from '../../src/polling/plan.js'
import { createNotifier, type Notifier } from '../../src/publish/notifier.js'
import { signature } from '../../src/publish/signature.js'
import { meterMessage } from '../../src/sample/meter-message.js'
import type { Sample } from '../../src/sample/sample.js'
import { wireJson } from '../../src/sample/wire-value.js'
import { systemClock } from '../../src/schedule/clock.js'
import { recordingObserver } from '../support/inspector.js'
import { aSource } from '../support/polling.js'

const secret = 'change this for valid signing'
const patient = new AbortController().signal
const recorded = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../fixtures/recorded/booted/${name}`, import.meta.url)), 'utf8')

const notifier = createNotifier({
  ...{ outbox: { put: () => undefined }, clock: systemClock, newId: randomUUID },
  ...{ secret, names: true, batchSize: 50, batchBytes: 1 << 20 },
})

/** Cycles of a host with so many instances, into a notifier. */
async function cyclesOf(instances: number): Promise<(into: Notifier) => Promise<number>> {
  const folder = mkdtempSync(join(tmpdir(), 'virtpoll-cost-'))
  const file = join(folder, 'agent.yaml')
  writeFileSync(file, 'libvirt: {disk_info: bulk}\ndiscovery: {xml_refresh_seconds: 86400}\n')
  const surroundings = { cwd: folder, hostName: 'host', packageFolder: folder, version: '' }
  const { options, pollsters } = await loadConfiguration({ file }, surroundings)
  rmSync(folder, { recursive: true })
  const recording = { xml: recorded('domain.xml'), domstats: recorded('domstats.txt') }
  const host = buildHost(options, {
    ...{ clock: systemClock, binding: recordedHost(recording, instances) },
    inspectorObserver: recordingObserver(),
    logOf: () => ({ debug: () => undefined, warn: () => undefined }),
  })
  const assignments = assign([aSource()], pollsters, false)
  return async (into) => (await runCycle(host, { assignments, notifier: into }, patient)).produced
}

/** CPU of this process that the work takes for each sample it gives, in microseconds. */
async function cpuOf(work: () => Promise<number>): Promise<number> {
  const before = process.cpuUsage()
  const samples = await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / samples
}

/** The median of the ratio of one work's CPU to another's, turn by turn. */
async function ratio(of: () => Promise<number>, to: () => Promise<number>): Promise<number> {
  const ratios: number[] = []
  for (let round = 0; round < 7; round += 1) ratios.push((await cpuOf(of)) / (await cpuOf(to)))

  return median(ratios.slice(2))
}

describe('the pipeline', () => {
  it('takes no more CPU for a sample of a thousand instances than for one of a hundred', async () => {
    const [thousand, hundred] = [await cyclesOf(1000), await cyclesOf(100)]
    expect(await thousand(notifier)).toBe(30_000)
    expect(
      await ratio(
        () => thousand(notifier),
        () => tenTimes(() => hundred(notifier)),
      ),
    ).toBeLessThan(2)
  })

  it('writes and signs samples in a fraction of what the plain way takes', async () => {
    const samples: Sample[] = []
    const cycle = await cyclesOf(300)
    await cycle({
      notify: (some) => {
        samples.push(...some)
        return Promise.resolve({ notifications: 0, samples: 0, refused: [] })
      },
    })
    const ours = async () => (await notifier.notify(samples, patient)).samples
    const plain = () => Promise.resolve(samples.filter((sample) => plainly(sample).length > 0).length)
    expect(samples).toHaveLength(9000)
    expect(await ratio(ours, plain)).toBeLessThan(0.4)
  })
})

function plainly(sample: Sample): string {
  const message = meterMessage(sample, true)
  return wireJson({ ...message, message_signature: signature(message, secret) })
}

async function tenTimes(work: () => Promise<number>): Promise<number> {
  let samples = 0
  for (let time = 0; time < 10; time += 1) samples += await work()
  return samples
}
