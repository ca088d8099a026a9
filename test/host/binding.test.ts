import { setImmediate as turn } from 'node:timers/promises'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { activity, openReadOnly, type Connection, type DomainEvent, type StatsColumns } from '#node-libvirt'
import { statsColumns } from '../support/domstats.js'
import { openLab, qemuPid } from '../support/lab.js'
import { virsh } from '../support/virsh.js'
import { waitFor } from '../support/wait-for.js'

const lab = openLab()
const nowait = 0x20000000
const allGroupsOfMeters = 0x7f
let connection: Connection

beforeEach(async () => {
  connection = await openReadOnly('qemu:///system')
})
afterEach(async () => {
  if (connection.open) await connection.close()
  await lab.removeDomains()
  await waitFor('no call is out', () => activity().callsOut === 0 && activity().connections === 0)
})
afterAll(() => lab.service('libvirtd', 'start'))

/** Whether it settles while the event loop turns and another call goes back and forth. */
async function hangs(promise: Promise<unknown>): Promise<boolean> {
  let settled = false
  const settle = () => {
    settled = true
  }
  promise.then(settle, settle)
  for (let round = 0; round < 20; round += 1) {
    await connection.hostname()
    await turn()
  }
  return !settled
}

/** Field, type and value of each entry of the first row, strings spelled out. */
const entries = ({ rowStart, field, fields, type, value, strings }: StatsColumns) =>
  [...field.keys()]
    .slice(rowStart[0], rowStart[1])
    .map((index) => [
      fields[field[index]!],
      type[index],
      type[index] === 7 ? strings[Number(value[index])] : value[index],
    ])

test('bulk statistics are those that virsh prints, in values and types', async () => {
  const domain = await lab.createDomain({ number: 41 }, 'paused')
  const volatile = /^(cpu\.|vcpu\.\d+\.(time|delay|wait)$|balloon\.(rss|last-update)$|net\.)/
  const steady = (columns: StatsColumns) =>
    entries(columns).filter(([field, type]) => !volatile.test(String(field)) && type !== undefined)

  const printed = await virsh([
    ...['domstats', '--state', '--cpu-total', '--balloon', '--vcpu', '--interface', '--block', '--perf'],
    domain.name,
  ])
  const real = await connection.domainStats([domain.uuid], allGroupsOfMeters, nowait)

  expect(real.names).toEqual([domain.name])
  expect(steady(real)).toEqual(steady(statsColumns(printed)))
  expect(steady(real).length).toBeGreaterThan(15)
  expect(new Set(real.fields)).toEqual(new Set(statsColumns(printed).fields))
})

test('events of domains arrive until the connection closes', async () => {
  const events: DomainEvent[] = []
  const kinds = [
    'lifecycle',
    'metadata-change',
    'device-added',
    'device-removed',
    'tray-change',
    'disk-change',
  ] as const
  expect(await connection.onDomainEvent(kinds, (event) => events.push(event))).toEqual(kinds)

  const domain = await lab.createDomain({ number: 42 }, 'paused')
  await virsh(['metadata', domain.name, '--uri', 'urn:example:note', '--key', 'note', '--set', '<a/>'])
  await waitFor('the metadata event came', () => events.some(({ kind }) => kind === 'metadata-change'))
  expect(events.find(({ kind }) => kind === 'metadata-change')).toEqual({
    ...{ kind: 'metadata-change', uuid: domain.uuid, name: domain.name },
    ...{ event: 2, detail: -1, subject: 'urn:example:note' },
  })
  const started = 2
  expect(events.filter(({ kind }) => kind === 'lifecycle').map(({ event }) => event)).toContain(started)

  expect(await connection.close()).toBe(0)
  const before = events.length
  await domain.remove()
  expect(events).toHaveLength(before)
})

test('an exception of a listener is an uncaught exception of the process', async () => {
  const others = process.listeners('uncaughtException')
  const caught: unknown[] = []
  const events: string[] = []
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', (error) => caught.push(error))
  try {
    await connection.onDomainEvent(['lifecycle'], ({ name }) => {
      events.push(name)
      throw new Error(`of event ${String(events.length)}`)
    })
    await lab.createDomain({ number: 43 }, 'paused')
    await waitFor('two events came', () => events.length >= 2)
  } finally {
    process.removeAllListeners('uncaughtException')
    for (const listener of others) process.on('uncaughtException', listener)
  }

  expect(caught.slice(0, 2)).toMatchObject([{ message: 'of event 1' }, { message: 'of event 2' }])
})

test('a stuck domain hangs its own call only, and closing does not wait for it', async () => {
  const stuck = await lab.createDomain({ number: 44 }, 'paused')
  const well = await lab.createDomain({ number: 45 }, 'paused')
  await connection.listDomains(0)
  process.kill(qemuPid(stuck), 'SIGSTOP')

  const hung = connection.memoryStats(stuck.uuid)
  expect(await hangs(hung)).toBe(true)
  expect((await connection.memoryStats(well.uuid)).size).toBeGreaterThan(1)
  const bulk = await connection.allDomainStats(allGroupsOfMeters, nowait)
  expect([...bulk.uuids].sort()).toEqual([stuck.uuid, well.uuid].sort())
  expect(await connection.close()).toBeGreaterThan(0)
  expect(activity()).toMatchObject({ callsOut: 1, connections: 1 })

  process.kill(qemuPid(stuck), 'SIGCONT')
  expect((await hung).size).toBeGreaterThan(0)
  await waitFor('the connection is gone', () => activity().connections === 0)
  connection = await openReadOnly('qemu:///system')
})

test('calls beside a hung one take no longer than without it', async () => {
  const stuck = await lab.createDomain({ number: 47 }, 'paused')
  const others = async () => {
    const startedAt = performance.now()
    for (let round = 0; round < 300; round += 1) await connection.libvirtVersion()
    return performance.now() - startedAt
  }
  const alone = await others()
  process.kill(qemuPid(stuck), 'SIGSTOP')
  const hung = connection.memoryStats(stuck.uuid)
  expect(await hangs(hung)).toBe(true)

  expect(await others()).toBeLessThan(alone + 2_000)
  process.kill(qemuPid(stuck), 'SIGCONT')
  await hung
})

test('the end of libvirtd ends calls that are out and is told', async () => {
  const endOfFile = 1
  const stuck = await lab.createDomain({ number: 46 }, 'paused')
  const reasons: number[] = []
  await connection.onClose((reason) => reasons.push(reason))
  await connection.onDomainEvent(['lifecycle'], () => undefined)
  process.kill(qemuPid(stuck), 'SIGSTOP')
  const hung = connection.memoryStats(stuck.uuid)
  expect(await hangs(hung)).toBe(true)

  await lab.service('libvirtd', 'kill')
  await expect(hung).rejects.toMatchObject({ name: 'LibvirtError', call: 'virDomainMemoryStats' })
  await waitFor('the end was told', () => reasons.length > 0)
  expect(reasons).toEqual([endOfFile])
  expect(await connection.isAlive()).toBe(false)
  await expect(connection.hostname()).rejects.toMatchObject({ name: 'LibvirtError' })
  expect(await connection.close()).toBe(0)

  process.kill(qemuPid(stuck), 'SIGCONT')
  await lab.service('libvirtd', 'start')
})

test('keepalive ends the connection to a libvirtd that is stopped', async () => {
  const keepalive = 2
  const pid = await lab.servicePid('libvirtd')
  const ended = new Promise<number>((resolve) => {
    void connection.onClose(resolve)
  })
  expect(await connection.setKeepAlive(1, 2)).toBe(true)
  await connection.hostname()

  process.kill(pid, 'SIGSTOP')
  try {
    const hung = connection.hostname()
    await expect(hung).rejects.toMatchObject({ name: 'LibvirtError', call: 'virConnectGetHostname' })
    expect(await ended).toBe(keepalive)
    expect(await connection.close()).toBe(0)
  } finally {
    process.kill(pid, 'SIGCONT')
  }
})
