import type { Instance } from '../../src/discovery/discovery.js'
import type {
  DiskStats,
  DomainDescription,
  DomainLook,
  Inspected,
  VnicDescription,
  VnicStats,
} from '../../src/inspector/inspector.js'
import type { Memory, PollContext, Remembered } from '../../src/pollster/index.js'

export const uuidOf = (number: number): string =>
  `9f0e4b4c-0000-4000-8000-${String(number).padStart(12, '0')}`

export const aVnicDescription = (fields: Partial<VnicDescription> = {}): VnicDescription => ({
  device: 'tap1',
  mac: 'fa:16:3e:00:00:01',
  filter: null,
  parameters: { interfaceid: null, bridge: 'br0' },
  ...fields,
})

/** One disk with a source (vda), one without (hda), one vNIC. */
export const aDescription = (fields: Partial<DomainDescription> = {}): DomainDescription => ({
  osType: 'hvm',
  architecture: 'x86_64',
  disks: [
    { device: 'vda', hasSource: true },
    { device: 'hda', hasSource: false },
  ],
  vnics: [aVnicDescription()],
  metadata: [],
  ...fields,
})

export interface InstanceFields extends Partial<Omit<Instance, 'domain'>> {
  readonly number?: number
  readonly description?: DomainDescription
}

/** A running instance of Nova's; its domain is `instance-00000001`. */
export function anInstance({
  number = 1,
  description = aDescription(),
  ...fields
}: InstanceFields = {}): Instance {
  const id = uuidOf(number)
  const domainName = `instance-${number.toString(16).padStart(8, '0')}`
  return {
    id,
    name: `vm-${number}`,
    domainName,
    source: 'openstack',
    userId: 'user-1',
    userName: 'alice',
    projectId: 'project-1',
    projectName: 'demo',
    metadata: { display_name: `vm-${number}`, name: domainName },
    flavor: {
      id: '42',
      name: 'm1.small',
      vcpus: 2,
      ramMiB: 512,
      diskGiB: 10,
      ephemeralGiB: 3,
      swapMiB: 0,
      extraSpecs: undefined,
    },
    domain: { uuid: id, name: domainName, id: number, state: 1, stateReason: 1, description },
    ...fields,
  }
}

export const diskStats = (fields: Partial<DiskStats> = {}): DiskStats => ({
  device: 'vda',
  readRequests: 100,
  readBytes: 4096,
  writeRequests: 50,
  writeBytes: 2048,
  readTimeNs: 2_000_000,
  writeTimeNs: 1_000_000,
  capacityBytes: 10_000,
  allocationBytes: 4000,
  physicalBytes: 5000,
  ...fields,
})

export const vnicStats = (fields: Partial<VnicStats> = {}): VnicStats => ({
  description: aVnicDescription(),
  rxBytes: 1000,
  rxPackets: 10,
  rxErrors: 1,
  rxDrops: 2,
  txBytes: 3000,
  txPackets: 30,
  txErrors: 3,
  txDrops: 4,
  ...fields,
})

/** A complete look at a running domain, taken at monotonic second 1000. */
export const aLook = (fields: Partial<DomainLook> = {}): DomainLook => ({
  takenAt: { wallMs: Date.UTC(2026, 0, 1), monotonicSeconds: 1000 },
  epoch: '1',
  shutOff: false,
  unread: new Map(),
  powerState: 1,
  vcpus: 2,
  cpuNs: 7_000_000_000,
  cpuRunNs: 5_000_000_000,
  memory: {
    actualKiB: 524_288,
    availableKiB: 500_000,
    usableKiB: 100_000,
    unusedKiB: 50_000,
    rssKiB: 204_801,
    swapInKiB: 2048,
    swapOutKiB: 1024,
    maximumKiB: 1_048_576,
  },
  perf: {
    cpuCycles: 11,
    instructions: 12,
    cacheReferences: 13,
    cacheMisses: 14,
    cmtBytes: 15,
    mbmTotal: 16,
    mbmLocal: 17,
  },
  disks: [diskStats()],
  vnics: [vnicStats()],
  ...fields,
})

export const ok = (look: DomainLook): Inspected<DomainLook> => ({ ok: true, value: look })

/** A memory that keeps everything. */
export function aMemory(): Memory {
  const kept = new Map<string, Remembered>()
  return { recall: (key) => kept.get(key), remember: (key, value) => void kept.set(key, value) }
}

export const aContext = (fields: Partial<PollContext> = {}): PollContext => ({
  look: ok(aLook()),
  memory: aMemory(),
  once: (_key, produce) => produce(),
  now: { wallMs: 0, monotonicSeconds: 0 },
  log: { debug: () => undefined, warn: () => undefined },
  signal: new AbortController().signal,
  ...fields,
})
