import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { everything, removeAgents, startAgent, type Agent, type AgentOptions } from '../support/agent.js'
import { ledgerOf, recordFault } from '../support/fault-record.js'
import { faultScale } from '../support/fault-scale.js'
import { openLab } from '../support/lab.js'
import { pollsterFile } from '../support/pollster-file.js'
import { statusEndpoint, type StatusEndpoint } from '../support/status-endpoint.js'
import { folderOf } from '../support/virtpoll.js'

const lab = openLab()
const ofBothGuests = 52
const missedTicks = 'virtpoll_ticks_missed_total'

beforeAll(async () => {
  await lab.createDomain({ number: 0xb11 }, 'running')
  await lab.createDomain({ number: 0xb12 }, 'paused')
})
afterAll(async () => {
  await removeAgents()
  await lab.removeDomains()
})

/** An agent's wall clock, in the hands of a test; its monotonic clock stays true. */
interface HeldClock {
  readonly env: Readonly<Record<string, string>>
  /** Puts the clock so many seconds away from the true time. */
  set(offsetSeconds: number): Promise<void>
}

async function heldClock(): Promise<HeldClock> {
  const file = join(await folderOf({ offset: '+0' }), 'offset')
  return {
    env: {
      LD_PRELOAD: '/usr/$LIB/faketime/libfaketimeMT.so.1',
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      // The name of the option in Debian 12, and its name before.
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
    },
    async set(offsetSeconds) {
      await writeFile(`${file}.new`, `${offsetSeconds < 0 ? '' : '+'}${offsetSeconds}`)
      await rename(`${file}.new`, file)
    },
  }
}

interface Watched {
  readonly agent: Agent
  readonly endpoint: StatusEndpoint
}

async function startWatched(options: AgentOptions = {}): Promise<Watched> {
  const endpoint = await statusEndpoint()
  const agent = await startAgent({ ...options, agent: { http: endpoint.http, ...options.agent } })
  await agent.moreCycles(2)
  return { agent, endpoint }
}

/** Waits for three ticks of a second each: they come neither in a burst nor after a silence. */
async function expectThreeTicks(agent: Agent): Promise<void> {
  const seconds = await agent.moreCycles(3)
  expect(seconds).toBeGreaterThan(1.9)
  expect(seconds).toBeLessThan(4.5)
}

/** What nobody may see, whatever the clock does: a rate or a counter's growth below zero, or beyond what a host can. */
async function volumesOf(file: string): Promise<ReadonlyMap<string, readonly number[]>> {
  const volumes = new Map<string, number[]>()
  for (const line of (await readFile(file, 'utf8')).trim().split('\n')) {
    const { counter_name: meter, counter_volume: volume } = JSON.parse(line) as {
      readonly counter_name: string
      readonly counter_volume: number
    }
    volumes.set(meter, [...(volumes.get(meter) ?? []), volume])
  }
  return volumes
}

describe.concurrent('time', () => {
  test('set forward by a day and back by two leaves the interval and every rate as they were', async ({
    task,
  }) => {
    const clock = await heldClock()
    const folder = await folderOf({})
    const { agent, endpoint } = await startWatched({
      env: clock.env,
      agent: {
        polling: { computed_meters: true },
        publisher: { driver: 'file', path: join(folder, 'samples.jsonl') },
      },
    })
    for (const days of [1, -1, 0]) {
      await clock.set(days * 86_400)
      await expectThreeTicks(agent)
      const lag = Date.parse(agent.cycles().at(-1)!.time) - Date.now() - days * 86_400_000
      expect(Math.abs(lag)).toBeLessThan(60_000)
    }
    expect((await endpoint.metrics()).get(missedTicks)).toBe(0)
    expect(agent.complaints()).toEqual([])
    expect((await agent.stop()).code).toBe(0)
    const volumes = await volumesOf(join(folder, 'samples.jsonl'))
    const utilisation = volumes.get('cpu_util')!
    expect(utilisation.length).toBeGreaterThan(2 * 9)
    expect(Math.min(...utilisation)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...utilisation)).toBeLessThan(200)
    expect(volumes.get('network.incoming.bytes.rate')!.length).toBeGreaterThan(2 * 9)
    expect([...volumes].filter(([, all]) => Math.min(...all) < 0).map(([meter]) => meter)).toEqual([])
    const received = [...volumes.values()].reduce((sum, all) => sum + all.length, 0)
    recordFault({ fault: 'clock set by days', times: 3, ...ledgerOf(agent), received }, task)
  })

  test('set forward and back under a cron schedule makes one tick, not those that lie between', async () => {
    const clock = await heldClock()
    const { agent, endpoint } = await startWatched({
      env: clock.env,
      polling: { sources: [{ name: 'cron', schedule: '* * * * * *', meters: ['*'] }] },
    })
    await clock.set(3600)
    await expectThreeTicks(agent)
    const forward = (await endpoint.metrics()).get(missedTicks)!
    expect(forward).toBeGreaterThan(0)
    await clock.set(-3600)
    // The wall clock is looked at every 15 seconds.
    expect(await agent.moreCycles(1)).toBeLessThan(17)
    await expectThreeTicks(agent)
    expect((await endpoint.metrics()).get(missedTicks)).toBe(forward)
  })

  test('in which the process was suspended is counted as missed ticks, and made up by no burst', async ({
    task,
  }) => {
    const seconds = faultScale({ reduced: 15, full: 60 })
    const { agent, endpoint } = await startWatched()
    agent.signal('SIGSTOP')
    await sleep(seconds * 1000)
    agent.signal('SIGCONT')
    await agent.moreCycles(1)
    await expectThreeTicks(agent)
    const missed = (await endpoint.metrics()).get(missedTicks)!
    expect([missed >= seconds - 2, missed <= seconds + 1]).toEqual([true, true])
    // A daemon hangs up on a client that is silent for half a minute.
    const complaints = agent.complaints().filter(({ msg }) => msg !== 'libvirt away')
    expect(complaints).toMatchObject([{ missed, level: 'warn' }])
    expect(agent.cycles().every(({ samples }) => samples === ofBothGuests)).toBe(true)
    recordFault({ fault: `agent stopped for ${seconds} s`, ...ledgerOf(agent) }, task)
  })

  test('in which a pollster holds up the event loop is counted as missed ticks, and costs no other sample', async () => {
    const held = `((asked) => () => {
      const until = performance.now() + ((asked += 1) === 7 ? 12_000 : 0)
      while (performance.now() < until);
      return [{ volume: 1 }]
    })(0)`
    const { agent, endpoint } = await startWatched({
      agent: { polling: { pollsters: ['own.mjs'] } },
      files: { 'own.mjs': pollsterFile({ 'own.busy': held }) },
      polling: everything(1),
    })
    await agent.line((line) => Number(line['seconds']) > 12)
    await expectThreeTicks(agent)
    const missed = (await endpoint.metrics()).get(missedTicks)!
    expect([missed >= 11, missed <= 13]).toEqual([true, true])
    expect(agent.complaints()).toMatchObject([{ missed, level: 'warn' }])
    expect(agent.cycles().every(({ samples }) => samples === ofBothGuests + 2)).toBe(true)
  })
})
