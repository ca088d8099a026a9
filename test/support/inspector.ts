import type { DomainName, InspectorObserver } from '../../src/inspector/libvirt/observer.js'
import {
  createLibvirtInspector,
  type LibvirtInspectorOptions,
} from '../../src/inspector/libvirt/libvirt-inspector.js'
import type { CallStore } from '../../src/inspector/libvirt/call-journal.js'
import type { DomainLook, Inspected, StatsGroup, Survey } from '../../src/inspector/inspector.js'
import { fakeBinding } from './fake-binding.js'
import { createFakeClock } from './fake-clock.js'
import type { FakeDomain, FakeHostOptions } from './fake-host.js'

export const everyGroup: readonly StatsGroup[] = [
  'state',
  'cpu',
  'vcpu',
  'balloon',
  'interface',
  'block',
  'perf',
  'diskInfo',
]

/** What the inspector said of itself, one line each. */
export function recordingObserver(): InspectorObserver & { readonly heard: string[] } {
  const heard: string[] = []
  const about = (what: string) => (domain: DomainName) => {
    heard.push(`${what} ${domain.name}`)
  }
  return {
    heard,
    callReturned: (call, _seconds, outcome) => {
      if (outcome === 'late') heard.push(`late ${call}`)
    },
    callLeft: (call, hung) => {
      heard.push(`left ${call}, ${hung} hung`)
    },
    connectionLost: (error) => {
      heard.push(`lost ${error.code}`)
    },
    connected: (outageSeconds) => {
      heard.push(outageSeconds === undefined ? 'connected' : `connected after ${outageSeconds} s`)
    },
    domainStuck: about('stuck'),
    domainRecovered: about('recovered'),
    domainFailed: ({ name }, { message }, extent) => {
      heard.push(extent === 'whole' ? `failed ${name}` : `failed in part ${name}: ${message}`)
    },
  }
}

/** An inspector of a fake host, with a clock that stands still. */
export function inspectorOf(
  host: FakeHostOptions,
  options: Partial<LibvirtInspectorOptions> = {},
  calls: CallStore = { load: () => [], save: () => undefined },
) {
  const binding = fakeBinding(host)
  const clock = createFakeClock()
  const observer = recordingObserver()
  const inspector = createLibvirtInspector({
    binding,
    clock,
    observer,
    calls,
    options: {
      uri: 'qemu:///system',
      callTimeoutSeconds: 10,
      maxCalls: 4,
      diskInfo: 'exact',
      xmlRefreshSeconds: 300,
      ...options,
    },
  })
  const signal = new AbortController().signal
  /** One survey and one look at all it found; looks by name. */
  const cycle = async (groups: readonly StatsGroup[] = everyGroup, reportStopped = false): Promise<Cycle> => {
    const survey = await inspector.survey(signal)
    const { domains } = survey
    const inspection = await inspector.inspect({ domains, groups: new Set(groups), reportStopped }, signal)
    const looks = domains.map(({ uuid, name }) => [name, inspection.look(uuid)] as const)
    return { survey, looks: new Map(looks), calls: survey.calls + inspection.calls }
  }
  /** A cycle in which calls may hang: that much time passes while it runs. */
  const cycleFor = async (seconds: number, groups = everyGroup): Promise<Cycle> => {
    const running = cycle(groups)
    running.catch(() => undefined)
    await clock.advance(seconds)
    return running
  }
  return { host: binding.host, clock, inspector, cycle, cycleFor, heard: observer.heard, signal }
}

export interface Cycle {
  readonly survey: Survey
  readonly looks: ReadonlyMap<string, Inspected<DomainLook>>
  readonly calls: number
}

/** The look at a domain that has one. */
export function lookAt({ looks }: Cycle, name: string): DomainLook {
  const look = looks.get(name)
  if (look?.ok !== true) throw new Error(`no look at ${name}: ${JSON.stringify(look)}`)
  return look.value
}

/** A running domain with one vCPU, one disk and one vNIC; everything follows from its number. */
export function runningDomain(number: number, changes: Partial<FakeDomain> = {}): FakeDomain {
  const name = `instance-${number}`
  const uuid = `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`
  const stats = [
    'state.state=1',
    'state.reason=1',
    `cpu.time=${number}9000`,
    'vcpu.current=1',
    'vcpu.maximum=1',
    `vcpu.0.time=${number}000`,
    'vcpu.0.wait=7',
    'balloon.current=1024',
    'balloon.maximum=2048',
    `balloon.rss=${number}`,
    'net.count=1',
    `net.0.name=tap${number}`,
    `net.0.rx.bytes=${number}`,
    'block.count=1',
    'block.0.name=vda',
    `block.0.rd.reqs=${number}`,
    'block.0.capacity=1',
  ].join('\n')
  const blockInfos = { vda: { capacity: 1000n, allocation: 200n, physical: 300n } }
  return {
    uuid,
    name,
    id: number,
    xml: domainXml({ uuid, name, tap: `tap${number}` }),
    stats,
    blockInfos,
    ...changes,
  }
}

export function domainXml(of: {
  uuid: string
  name: string
  tap: string
  disks?: readonly string[]
}): string {
  const disks = (of.disks ?? ['vda']).map(
    (disk) => `<disk type='file' device='disk'><source file='/i/${disk}'/><target dev='${disk}'/></disk>`,
  )
  return `<domain type='kvm'><name>${of.name}</name><uuid>${of.uuid}</uuid><os><type arch='x86_64'>hvm</type></os>
  <devices>${disks.join('')}<interface type='bridge'><mac address='fa:16:3e:00:00:01'/><target dev='${of.tap}'/></interface>
  </devices></domain>`
}
