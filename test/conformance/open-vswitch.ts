import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { DomainSpec } from '../support/domain-xml.js'

const execFileAsync = promisify(execFile)
const backend = fileURLToPath(new URL('vhost_user_backend.py', import.meta.url))
/** A folder that libvirtd searches and that a Debian machine keeps for its administrator. */
const programFolder = '/usr/local/sbin'
const vhostSocket = '/run/vhost-user-1'
export const vhostUserPort = 'vhu-1'
export const interfaceId = '0badcafe-0000-4000-8000-000000000001'

/** `ovs-vsctl` as libvirt asks it: ports are added, and a DPDK port has no figure for errors and drops. */
const ovsVsctl = `#!/bin/sh
case "$*" in
  *--columns=statistics*) echo '["map",[["rx_bytes",1000],["rx_packets",10],["tx_bytes",3000],["tx_packets",30]]]' ;;
  *'get Interface'*name) echo '"${vhostUserPort}"' ;;
esac
`

/** A vNIC that libvirt plugs into Open vSwitch, as Nova has it. */
export const openFlowVnic = (tap: string, mac: string): string =>
  `<interface type='bridge'><mac address='${mac}'/><source bridge='br-lab'/>
    <virtualport type='openvswitch'><parameters interfaceid='${interfaceId}'/></virtualport>
    <target dev='${tap}'/><model type='virtio'/></interface>`

/** A domain with a vNIC of Open vSwitch with DPDK. */
export const vhostUserVnic = (mac: string): Pick<DomainSpec, 'vnics' | 'elements' | 'devices'> => ({
  vnics: [],
  elements: `<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>`,
  devices: `<interface type='vhostuser'><mac address='${mac}'/>
    <source type='unix' path='${vhostSocket}' mode='client'/><target dev='${vhostUserPort}'/>
    <model type='virtio'/></interface>`,
})

/** What stands in for Open vSwitch in the lab. */
export interface OpenVswitch {
  stop(): Promise<void>
}

/**
 * Puts an `ovs-vsctl` first on libvirtd's path, in the mounts of the lab alone, and starts the other end of the
 * vhost-user vNIC.
 */
export async function startOpenVswitch(): Promise<OpenVswitch> {
  if (!process.env['PATH']?.split(':').includes(programFolder))
    throw new Error(
      `${programFolder} is not on the PATH, so libvirtd will not find the ovs-vsctl of this test`,
    )
  await execFileAsync('mount', ['-t', 'tmpfs', 'tmpfs', programFolder])
  await writeFile(`${programFolder}/ovs-vsctl`, ovsVsctl)
  await chmod(`${programFolder}/ovs-vsctl`, 0o755)
  const child = spawn('/usr/bin/python3', [backend, vhostSocket], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(child, 'close')
  const started = await Promise.race([once(child.stdout, 'data'), ended.then(() => undefined)])
  if (started === undefined) throw new Error('the vhost-user backend did not start')
  return {
    async stop() {
      child.stdin.end()
      await ended
      await execFileAsync('umount', [programFolder])
    },
  }
}
