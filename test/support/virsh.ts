import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const execFileAsync = promisify(execFile)

/**
 * Runs virsh and gives what it printed. Rejects with virsh's own words when it fails or takes longer than 30 s.
 * @param uri default: the lab's libvirtd.
 */
export async function virsh(args: readonly string[], uri = 'qemu:///system'): Promise<string> {
  const { stdout } = await execFileAsync('virsh', ['--quiet', '--connect', uri, ...args], {
    timeout: 30_000,
    maxBuffer: 64 * 1024 * 1024,
  })
  return stdout
}

/** Figures by name, as virsh prints them. */
export type Figures = ReadonlyMap<string, bigint>

/** `virsh domstats`: fields by name, for each domain by name. Values stay text: some are names. */
export function parseDomstats(text: string): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const domains = new Map<string, Map<string, string>>()
  let fields = new Map<string, string>()
  for (const line of text.split('\n')) {
    const domain = /^Domain: '(.*)'$/.exec(line)?.[1]
    if (domain !== undefined) {
      fields = new Map<string, string>()
      domains.set(domain, fields)
    }
    const [, field, value] = /^ {2}([^=]+)=(.*)$/.exec(line) ?? []
    if (field !== undefined && value !== undefined) fields.set(field, value)
  }
  return domains
}

/**
 * `virsh dommemstat`, `domblkstat`, `domifstat` or `domblkinfo`: the last two words of a line that end in an integer
 * are a figure, whatever stands before them (`vda rd_req 34`, `actual 131072`, `Capacity: 1073741824`).
 */
export function parseFigures(text: string): Figures {
  const figures = new Map<string, bigint>()
  for (const line of text.split('\n')) {
    const [, name, value] = /(\S+?):?\s+(-?\d+)\s*$/.exec(line) ?? []
    if (name !== undefined && value !== undefined) figures.set(name, BigInt(value))
  }
  return figures
}

/** The fields of one domain, as `virsh domstats` prints them. */
export async function domstats(domain: string, uri?: string): Promise<ReadonlyMap<string, string>> {
  return parseDomstats(await virsh(['domstats', domain], uri)).get(domain) ?? new Map<string, string>()
}

/** KiB, but for the faults (counts) and last_update (epoch seconds). */
export async function dommemstat(domain: string, uri?: string): Promise<Figures> {
  return parseFigures(await virsh(['dommemstat', domain], uri))
}

/** Requests and bytes of one disk by libvirt's short names, for example `rd_req`. */
export async function domblkstat(domain: string, disk: string, uri?: string): Promise<Figures> {
  return parseFigures(await virsh(['domblkstat', domain, disk], uri))
}

/** `Capacity`, `Allocation` and `Physical` of one disk, bytes. */
export async function domblkinfo(domain: string, disk: string, uri?: string): Promise<Figures> {
  return parseFigures(await virsh(['domblkinfo', domain, disk], uri))
}

/** Bytes, packets, errors and drops of one vNIC by libvirt's short names, for example `rx_bytes`. */
export async function domifstat(domain: string, vnic: string, uri?: string): Promise<Figures> {
  return parseFigures(await virsh(['domifstat', domain, vnic], uri))
}
