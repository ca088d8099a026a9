/** What a test says of a domain; everything else follows from `number`. */
export interface DomainSpec {
  /** 1 to 65535: name, UUID, MAC addresses and tap names are made from it. */
  readonly number: number
  /** Default `instance-%08x`, as Nova names its domains. */
  readonly name?: string
  readonly memoryMiB?: number
  readonly vcpus?: number
  /** vCPUs that are there now, the others can be plugged in; default all. */
  readonly vcpusOnline?: number
  /** Kernel and initrd to boot; by default the firmware finds nothing to boot. */
  readonly boot?: { readonly kernel: string; readonly initrd: string }
  /** Default: one qcow2 disk, vda. */
  readonly disks?: readonly DiskSpec[]
  /** Default: one vNIC on the lab's bridge. */
  readonly vnics?: readonly VnicSpec[]
  /** Seconds between the guest's reports, 0 for a balloon without reports, null for no balloon. Default 1. */
  readonly balloonPeriodSeconds?: number | null
  /** What stands in `<metadata>`; default {@link novaMetadata}. Empty for a domain that Nova does not know. */
  readonly metadata?: string
  /** More elements of `<domain>`. */
  readonly elements?: string
  /** More elements of `<devices>`. */
  readonly devices?: string
}

export interface DiskSpec {
  /** Default `disk`. */
  readonly device?: 'disk' | 'cdrom' | 'floppy'
  /** For example `vda`; the bus follows from its first letters. */
  readonly target: string
  /** The image; null for a drive without a medium. Default: an image named after domain, target and format. */
  readonly path?: string | null
  /** Default qcow2 for a disk, raw for a drive. */
  readonly format?: 'qcow2' | 'raw'
}

export interface VnicSpec {
  /** Default: the tap name made from the domain's number and the vNIC's index. */
  readonly tap?: string
  readonly filterref?: { readonly name: string; readonly parameters: Readonly<Record<string, string>> }
}

/** What a test says of Nova's metadata. */
export interface NovaSpec {
  /** Version of the namespace. Default 1.1. */
  readonly version?: '1.0' | '1.1'
  /** The display name. */
  readonly name?: string
  /** What the instance was made from. Default an image. */
  readonly root?: 'image' | 'volume'
  /** Elements in place of the default `<nova:flavor>`. */
  readonly flavor?: string
  /** Elements in place of the default `<nova:owner>`. */
  readonly owner?: string
  /** Elements after the root, for example `<nova:image>`. */
  readonly image?: string
}

export const novaUserId = '0f0e0d0c0b0a09080706050403020100'
export const novaProjectId = '000102030405060708090a0b0c0d0e0f'
export const novaImageId = '1a6e0000-0000-4000-8000-000000000001'
const imageFolder = '/var/lib/libvirt/images'

const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0')

export const domainName = (spec: DomainSpec): string => spec.name ?? `instance-${hex(spec.number, 8)}`
export const domainUuid = (spec: DomainSpec): string => `5ca1ab1e-0000-4000-8000-${hex(spec.number, 12)}`
export const diskFormat = (disk: DiskSpec): 'qcow2' | 'raw' =>
  disk.format ?? ((disk.device ?? 'disk') === 'disk' ? 'qcow2' : 'raw')
export const diskPath = (spec: DomainSpec, disk: DiskSpec): string | null =>
  disk.path === undefined
    ? `${imageFolder}/${domainName(spec)}.${disk.target}.${diskFormat(disk)}`
    : disk.path
export const domainDisks = (spec: DomainSpec): readonly DiskSpec[] => spec.disks ?? [{ target: 'vda' }]
export const vnicMac = (spec: DomainSpec, index: number): string =>
  `fa:16:${hex(index, 2)}:00:${hex(spec.number >> 8, 2)}:${hex(spec.number & 255, 2)}`
export const vnicTap = (spec: DomainSpec, index: number): string =>
  spec.vnics?.[index]?.tap ?? `tap${hex(spec.number, 8)}-${hex(index, 2)}`

/** `<nova:instance>` as Nova writes it. */
export function novaMetadata(spec: NovaSpec = {}): string {
  const flavor =
    spec.flavor ??
    `<nova:flavor name="m1.tiny" id="1">
      <nova:memory>128</nova:memory><nova:disk>1</nova:disk><nova:swap>0</nova:swap>
      <nova:ephemeral>0</nova:ephemeral><nova:vcpus>1</nova:vcpus>
      <nova:extraSpecs><nova:extraSpec name="hw_rng:allowed">true</nova:extraSpec></nova:extraSpecs>
    </nova:flavor>`
  const owner =
    spec.owner ??
    `<nova:owner>
      <nova:user uuid="${novaUserId}">operator</nova:user>
      <nova:project uuid="${novaProjectId}">demo</nova:project>
    </nova:owner>`
  return `<nova:instance xmlns:nova="http://openstack.org/xmlns/libvirt/nova/${spec.version ?? '1.1'}">
    <nova:package version="28.0.0"/>
    <nova:name>${spec.name ?? 'vm'}</nova:name>
    <nova:creationTime>2026-01-01 00:00:00</nova:creationTime>
    ${flavor}
    ${owner}
    ${spec.root === 'volume' ? '' : `<nova:root type="image" uuid="${novaImageId}"/>`}
    ${spec.image ?? ''}
  </nova:instance>`
}

const buses: Readonly<Record<string, string>> = { vd: 'virtio', hd: 'ide', sd: 'scsi', fd: 'fdc' }

function diskXml(spec: DomainSpec, disk: DiskSpec): string {
  const path = diskPath(spec, disk)
  const device = disk.device ?? 'disk'
  return `<disk type='file' device='${device}'>
      <driver name='qemu' type='${diskFormat(disk)}'/>
      ${path === null ? '' : `<source file='${path}'/>`}
      <target dev='${disk.target}' bus='${buses[disk.target.slice(0, 2)] ?? 'virtio'}'/>
      ${device === 'disk' ? '' : '<readonly/>'}
    </disk>`
}

function vnicXml(spec: DomainSpec, vnic: VnicSpec, index: number): string {
  const parameters = Object.entries(vnic.filterref?.parameters ?? {})
    .map(([name, value]) => `<parameter name='${name}' value='${value}'/>`)
    .join('')
  return `<interface type='bridge'>
      <mac address='${vnicMac(spec, index)}'/>
      <source bridge='br-lab'/><target dev='${vnicTap(spec, index)}'/><model type='virtio'/>
      ${vnic.filterref ? `<filterref filter='${vnic.filterref.name}'>${parameters}</filterref>` : ''}
    </interface>`
}

function balloonXml(period: number | null): string {
  if (period === null) return `<memballoon model='none'/>`
  return `<memballoon model='virtio'>${period === 0 ? '' : `<stats period='${String(period)}'/>`}</memballoon>`
}

function bootXml({ boot }: DomainSpec): string {
  if (!boot) return ''
  return `<kernel>${boot.kernel}</kernel><initrd>${boot.initrd}</initrd>
    <cmdline>console=ttyS0 quiet panic=1</cmdline>`
}

/** The XML of a domain that QEMU emulates in software, as small as a test can have it. */
export function domainXml(spec: DomainSpec): string {
  const vcpus = spec.vcpus ?? 1
  const disks = domainDisks(spec).map((disk) => diskXml(spec, disk))
  const vnics = (spec.vnics ?? [{}]).map((vnic, index) => vnicXml(spec, vnic, index))
  return `<domain type='qemu'>
  <name>${domainName(spec)}</name>
  <uuid>${domainUuid(spec)}</uuid>
  <metadata>${spec.metadata ?? novaMetadata({ name: `vm-${spec.number}` })}</metadata>
  <memory unit='MiB'>${spec.memoryMiB ?? 128}</memory>
  <vcpu current='${spec.vcpusOnline ?? vcpus}'>${vcpus}</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type>${bootXml(spec)}</os>
  <features><acpi/></features>
  ${spec.elements ?? ''}
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    ${[...disks, ...vnics, spec.devices ?? ''].join('\n    ')}
    ${balloonXml(spec.balloonPeriodSeconds === undefined ? 1 : spec.balloonPeriodSeconds)}
    <serial type='file'><source path='${imageFolder}/${domainName(spec)}.console'/></serial>
  </devices>
</domain>
`
}
