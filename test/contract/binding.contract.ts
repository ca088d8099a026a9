import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Connection, DomainList, StatsColumns } from '#node-libvirt'
import type { Binding } from '../support/fake-binding.js'

const unknownUuid = '99999999-9999-4999-8999-999999999999'
const active = 1
const stateGroup = 1

/** The domains of `test/fixtures/libvirt/three-domains.xml`: what every binding under contract must serve. */
export const web = '11111111-1111-4111-8111-111111111111'
export const db = '22222222-2222-4222-8222-222222222222'
export const old = '33333333-3333-4333-8333-333333333333'

/** libvirt lists domains in no order. */
const byName = ([one]: readonly [string, ...unknown[]], [other]: readonly [string, ...unknown[]]) =>
  one < other ? -1 : 1

const identities = ({ uuids, names, ids }: DomainList) =>
  names.map((name, row) => [name, uuids[row], ids[row]] as const).sort(byName)

/** Name, type and value of `state.state` of each row. */
const states = ({ names, rowStart, field, fields, type, value }: StatsColumns) =>
  names
    .map((name, row) => {
      const indexes = [...field.keys()].slice(rowStart[row], rowStart[row + 1])
      const at = indexes.find((index) => fields[field[index]!] === 'state.state')!
      return [name, type[at], value[at]] as const
    })
    .sort(byName)

/** What holds for every binding, the fake included. `open` gives a new connection to a host with the three domains. */
export function bindingContract(name: string, binding: Binding, uri: string): void {
  describe(`binding contract: ${name}`, () => {
    let connection: Connection

    beforeEach(async () => {
      connection = await binding.openReadOnly(uri)
    })
    afterEach(async () => {
      if (connection.open) await connection.close()
    })

    const rejection = async (promise: Promise<unknown>) => {
      const error: unknown = await promise.then(
        () => undefined,
        (reason: unknown) => reason,
      )
      if (!binding.isLibvirtError(error)) throw new Error(`not a LibvirtError: ${String(error)}`)
      return error
    }

    it('lists active and inactive domains with uuid, name and id', async () => {
      expect(identities(await connection.listDomains(0))).toEqual([
        ['db', db, 2],
        ['old', old, -1],
        ['web', web, 1],
      ])
    })

    it('lists only the active ones when asked so', async () => {
      const listed = await connection.listDomains(active)

      expect(identities(listed).map(([domain]) => domain)).toEqual(['db', 'web'])
    })

    it('gives bulk statistics of all domains, one row each', async () => {
      const columns = await connection.allDomainStats(stateGroup, 0)

      expect(identities(columns)).toEqual([
        ['db', db, 2],
        ['old', old, -1],
        ['web', web, 1],
      ])
      expect(columns.rowStart).toHaveLength(4)
      expect(columns.value).toHaveLength(columns.rowStart[3]!)
      expect(columns.type).toHaveLength(columns.field.length)
      expect(states(columns)).toEqual([
        ['db', 1, 3n],
        ['old', 1, 5n],
        ['web', 1, 1n],
      ])
    })

    it('gives bulk statistics of named domains and leaves out those that are gone', async () => {
      const columns = await connection.domainStats([old, unknownUuid, web], stateGroup, 0)

      expect(states(columns)).toEqual([
        ['old', 1, 5n],
        ['web', 1, 1n],
      ])
    })

    it('gives no row for no domain', async () => {
      const columns = await connection.domainStats([unknownUuid], stateGroup, 0)

      expect(columns.uuids).toEqual([])
      expect([...columns.rowStart]).toEqual([0])
    })

    it('gives state and info of one domain, listed before or not', async () => {
      expect(await connection.domainState(db)).toEqual({ state: 3, reason: 0 })
      await connection.listDomains(0)
      expect(await connection.domainState(db)).toEqual({ state: 3, reason: 0 })
      expect(await connection.domainInfo(web)).toMatchObject({
        state: 1,
        maxMemoryKiB: 524288n,
        memoryKiB: 262144n,
        vcpus: 2,
      })
    })

    it('says of a domain whose monitor nobody waits for that it is free', async () => {
      expect(await connection.domainControlInfo(web)).toEqual({ state: 0, details: 0, sinceMs: 0n })
    })

    it('gives memory figures by tag', async () => {
      const actualBalloon = 6

      expect((await connection.memoryStats(web)).get(actualBalloon)).toBe(262144n)
    })

    it('gives counters of a disk and a vNIC as exact integers', async () => {
      const blocks = await connection.blockStats(web, 'vda')
      const info = await connection.blockInfo(web, 'vda')
      const vnic = await connection.interfaceStats(web, 'tap-web')

      const integers: unknown[] = Object.values({ ...blocks, ...info, ...vnic })
      expect(integers.map((value) => typeof value)).toEqual(Array(16).fill('bigint'))
      expect(Object.keys(blocks).sort()).toEqual(
        ['errors', 'readBytes', 'readRequests', 'writeBytes', 'writeRequests'].sort(),
      )
      expect(Object.keys(info).sort()).toEqual(['allocation', 'capacity', 'physical'])
      expect(Object.keys(vnic).sort()).toEqual(
        ['rx', 'tx'].flatMap((way) => ['Bytes', 'Drops', 'Errors', 'Packets'].map((figure) => way + figure)),
      )
    })

    it('gives the XML and an element of the metadata', async () => {
      expect(await connection.domainXml(web, 0)).toContain(`<uuid>${web}</uuid>`)
      expect(await connection.domainMetadata(web, 2, 'urn:example:note', 0)).toContain('<text>grün</text>')
    })

    it('describes the node', async () => {
      expect(await connection.nodeInfo()).toEqual({
        model: 'i986',
        memoryKiB: 8192000n,
        cpus: 50,
        mhz: 6000,
        nodes: 4,
        sockets: 4,
        cores: 4,
        threads: 2,
      })
    })

    it.each<[string, number, (open: Connection) => Promise<unknown>]>([
      ['the state of an unknown domain', 42, (open) => open.domainState(unknownUuid)],
      ['the info of an unknown domain', 42, (open) => open.domainInfo(unknownUuid)],
      ['memory of an unknown domain', 42, (open) => open.memoryStats(unknownUuid)],
      ['a disk of an unknown domain', 42, (open) => open.blockStats(unknownUuid, 'vda')],
      ['block info of an unknown domain', 42, (open) => open.blockInfo(unknownUuid, 'vda')],
      ['a vNIC of an unknown domain', 42, (open) => open.interfaceStats(unknownUuid, 'tap')],
      ['the XML of an unknown domain', 42, (open) => open.domainXml(unknownUuid, 0)],
      ['metadata of an unknown domain', 42, (open) => open.domainMetadata(unknownUuid, 2, 'urn:x', 0)],
      ['metadata that the domain has not', 80, (open) => open.domainMetadata(db, 2, 'urn:example:note', 0)],
      ['memory of a domain that is off', 55, (open) => open.memoryStats(old)],
      ['a disk of a domain that is off', 55, (open) => open.blockStats(old, 'vda')],
      ['a vNIC of a domain that is off', 55, (open) => open.interfaceStats(old, 'tap-old')],
      ['an unknown disk', 8, (open) => open.blockStats(web, 'vdz')],
      ['an unknown vNIC', 8, (open) => open.interfaceStats(web, 'tap-none')],
    ])('rejects %s with code %i and the call that failed', async (_what, code, call) => {
      const error = await rejection(call(connection))

      expect(error.libvirtCode).toBe(code)
      expect(error.libvirtLevel).toBe(2)
      expect(error.call).toMatch(/^virDomain/)
      expect(error.message.startsWith(`${error.call}: `)).toBe(true)
    })

    it('rejects an address where nobody listens with code 38 of the RPC part', async () => {
      const error = await rejection(binding.openReadOnly('qemu+unix:///system?socket=/nonexistent'))

      const { libvirtCode, libvirtDomain, systemError, call } = error
      expect([libvirtCode, libvirtDomain, systemError, call]).toEqual([38, 7, 2, 'virConnectOpenReadOnly'])
    })

    it('subscribes to events and to its end, and is gone after closing', async () => {
      const { connections } = binding.activity()

      expect(await connection.onClose(() => undefined)).toBe(true)
      expect(await connection.onDomainEvent(['lifecycle', 'device-added'], () => undefined)).toEqual([
        'lifecycle',
        'device-added',
      ])
      expect(await connection.isAlive()).toBe(true)
      expect(await connection.close()).toBe(0)
      expect(binding.activity().connections).toBe(connections - 1)
    })

    it('refuses every call from the moment it is being closed', async () => {
      const closing = connection.close()

      expect(connection.open).toBe(false)
      for (const call of [connection.hostname(), connection.domainXml(web, 0), connection.close()]) {
        expect((await rejection(call)).libvirtCode).toBe(0)
      }
      expect(await closing).toBe(0)
    })
  })
}
