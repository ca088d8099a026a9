import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { connect } from 'amqplib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { guestBoot, guestReady, openLab, qemuPid, type LabDomain } from '../support/lab.js'
import { dommemstat, domblkinfo, domblkstat, domifstat, domstats, virsh } from '../support/virsh.js'
import { waitFor } from '../support/wait-for.js'

const lab = openLab()
let booted: LabDomain
let paused: LabDomain

beforeAll(async () => {
  booted = await lab.createDomain({ number: 1, boot: guestBoot() })
  paused = await lab.createDomain({ number: 2 }, 'paused')
  await guestReady(booted)
})

afterAll(() => lab.removeDomains())

test('the lab is a host of its own', () => {
  expect(hostname()).toBe('lab-host')
  expect(readFileSync('/proc/net/dev', 'utf8')).not.toContain('eth0')
})

test('libvirtd lists a booted and a paused guest', async () => {
  expect(await virsh(['domstate', booted.name])).toBe('running\n')
  expect(await virsh(['domstate', paused.name])).toBe('paused\n')
})

test('QEMU runs in the lab and its pid is known', () => {
  expect(readlinkSync(`/proc/${qemuPid(booted)}/exe`)).toContain('qemu-system')
})

test('the booted guest reports its memory, the paused one does not', async () => {
  const memory = await dommemstat(booted.name)
  expect(memory.get('unused')).toBeGreaterThan(0n)
  expect(memory.get('available')).toBeLessThan(128n * 1024n)
  expect((await dommemstat(paused.name)).has('unused')).toBe(false)
})

test('the booted guest makes disk and network traffic', async () => {
  const tap = booted.taps[0]!
  await waitFor('the guest wrote to its disk and sent packets', async () => {
    const disk = await domblkstat(booted.name, 'vda')
    const vnic = await domifstat(booted.name, tap)
    return (disk.get('wr_bytes') ?? 0n) > 0n && (vnic.get('rx_packets') ?? 0n) > 0n
  })
})

test('virsh gives the same figure in bulk and by itself', async () => {
  const bulk = await domstats(paused.name)
  const disk = await domblkinfo(paused.name, 'vda')
  expect(bulk.get('block.0.capacity')).toBe(String(disk.get('Capacity')))
  expect(disk.get('Capacity')).toBe(1n << 30n)
})

test('RabbitMQ takes a message and gives it back', async () => {
  const connection = await connect(lab.amqpUrl)
  const channel = await connection.createConfirmChannel()
  const { queue } = await channel.assertQueue('', { exclusive: true })
  channel.sendToQueue(queue, Buffer.from('a sample'))
  await channel.waitForConfirms()
  const message = await channel.get(queue, { noAck: true })
  await connection.close()
  expect(message && message.content.toString()).toBe('a sample')
})
