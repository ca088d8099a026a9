import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import type { DomainSpec } from '../support/domain-xml.js'
import { waitFor } from '../support/wait-for.js'

const socket = '/run/vhost-user-disk'

/** A disk that a process beside QEMU serves: QEMU counts nothing of it. */
export const vhostUserDisk: Pick<DomainSpec, 'elements' | 'devices'> = {
  elements: `<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>`,
  devices: `<disk type='vhostuser' device='disk'><driver name='qemu' type='raw'/>
    <source type='unix' path='${socket}'/><target dev='vdb' bus='virtio'/></disk>`,
}

/** Starts the process that serves it; gives what ends it. */
export async function serveVhostUserDisk(): Promise<() => Promise<unknown>> {
  const child = spawn('qemu-storage-daemon', [
    ...['--blockdev', 'driver=null-co,node-name=nothing,size=16777216'],
    ...['--export', `type=vhost-user-blk,id=disk,node-name=nothing,addr.type=unix,addr.path=${socket}`],
  ])
  const ended = once(child, 'close')
  await waitFor('the vhost-user disk is served', () => existsSync(socket))
  return () => {
    child.kill()
    return ended
  }
}
