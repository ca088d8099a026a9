import { novaMetadata, vnicMac, type DomainSpec, type NovaSpec } from '../support/domain-xml.js'
import { guestBoot, type StartAs } from '../support/lab.js'
import { openFlowVnic, vhostUserVnic } from './open-vswitch.js'

/** How a domain of the comparison comes to be. */
export interface Subject {
  readonly what: string
  readonly spec: DomainSpec
  /** Booted guests make traffic; `suspended` ones have booted and stand still with what they counted. */
  readonly life: StartAs | 'booted' | 'suspended'
  /** Whether Nova manages it; a foreign one has no sample from either side. */
  readonly foreign: boolean
  /** Bytes that its first image grows by while QEMU has it open. */
  readonly grows: number
}

type Row = Omit<DomainSpec, 'number' | 'metadata'> & {
  readonly nova?: NovaSpec
  readonly metadata?: string
  readonly life?: Subject['life']
  readonly foreign?: true
  readonly grows?: number
}

const flavor = (name: string, elements: string, attributes = '') =>
  `<nova:flavor name="${name}"${attributes}>${elements}</nova:flavor>`

const flavorFigures = (disk: number, ephemeral: number) =>
  `<nova:memory>2048</nova:memory><nova:disk>${disk}</nova:disk><nova:swap>512</nova:swap>
  <nova:ephemeral>${ephemeral}</nova:ephemeral><nova:vcpus>2</nova:vcpus>`

/** What Nova 2025.2 and later write about the image. */
const image = (uuid: string) =>
  `<nova:image uuid="${uuid}"><nova:containerFormat>bare</nova:containerFormat>
  <nova:diskFormat>qcow2</nova:diskFormat><nova:minDisk>1</nova:minDisk><nova:minRam>0</nova:minRam>
  <nova:properties><nova:property name="hw_machine_type">pc</nova:property>
  <nova:property name="os_distro">debian</nova:property><nova:property name="naïve">größer</nova:property>
  </nova:properties></nova:image>`

const extraSpecs = `<nova:extraSpecs><nova:extraSpec name="hw:cpu_policy">shared</nova:extraSpec>
  <nova:extraSpec name="quota:disk_read_iops_sec">1000</nova:extraSpec></nova:extraSpecs>`

const owner = (user: string, project: string) =>
  `<nova:owner><nova:user uuid="${user}">u</nova:user><nova:project uuid="${project}">p</nova:project></nova:owner>`

const oldNova = novaMetadata({ version: '1.0', name: 'the older' })
const newNova = novaMetadata({ name: 'the newer' })
const guest = { boot: guestBoot(), memoryMiB: 128 } as const

/** Domains that the original survives, in one run. */
const rows: Readonly<Record<string, Row>> = {
  'paused, nothing special': {},
  'two disks': { disks: [{ target: 'vda' }, { target: 'vdb', format: 'raw' }] },
  'an empty CD-ROM': { disks: [{ target: 'vda' }, { target: 'hda', device: 'cdrom', path: null }] },
  'a loaded CD-ROM': { disks: [{ target: 'vda' }, { target: 'hda', device: 'cdrom' }] },
  'a floppy and a disk on IDE': { disks: [{ target: 'hdc' }, { target: 'fda', device: 'floppy' }] },
  'a medium larger on the host than for the guest': {
    ...{ disks: [{ target: 'hda', device: 'cdrom' }], grows: 1000 },
  },
  'no disk at all': { disks: [] },
  'an empty CD-ROM and no disk': { disks: [{ target: 'hda', device: 'cdrom', path: null }] },
  'no vNIC': { vnics: [] },
  'no disk and no vNIC': { disks: [], vnics: [] },
  'two vNICs': { vnics: [{}, { tap: 'tap-second' }] },
  'a filterref with parameters': {
    vnics: [
      { filterref: { name: 'nova-instance-1', parameters: { IP: '10.0.0.9', PROJMASK: '255.0.0.0' } } },
    ],
  },
  'two vNICs, one of them with the same filterref': {
    vnics: [{ filterref: { name: 'nova-instance-1', parameters: {} } }, {}],
  },
  'an Open vSwitch port': { vnics: [], devices: openFlowVnic('tap-ovs', vnicMac({ number: 901 }, 0)) },
  'a vhost-user vNIC, whose switch counts neither errors nor drops': vhostUserVnic(
    vnicMac({ number: 902 }, 0),
  ),
  'no balloon': { balloonPeriodSeconds: null },
  'a balloon without reports': { balloonPeriodSeconds: 0 },
  'three vCPUs': { vcpus: 3 },
  'two of four vCPUs online': { vcpus: 4, vcpusOnline: 2 },
  'Nova metadata 1.0': { nova: { version: '1.0' } },
  'Nova metadata 1.0 and 1.1, the newer wins': { metadata: `${oldNova}${newNova}` },
  'metadata of another program beside that of Nova': {
    metadata: `<app:note xmlns:app="urn:example:app"><app:name>x</app:name></app:note>${newNova}`,
  },
  'booted from a volume': { nova: { root: 'volume' } },
  'booted from a volume by a Nova that names no image': { nova: { root: 'volume', image: image('') } },
  'image properties': { nova: { image: image('1a6e0000-0000-4000-8000-000000000001') } },
  'a flavor with an ephemeral disk': { nova: { flavor: flavor('m1.ephemeral', flavorFigures(10, 20)) } },
  'a flavor with extra specs and an id': {
    nova: { flavor: flavor('m1.specs', `${flavorFigures(20, 0)}${extraSpecs}`, ' id="4711"') },
  },
  'a flavor with empty extra specs': {
    nova: { flavor: flavor('m1.none', `${flavorFigures(20, 5)}<nova:extraSpecs/>`, ' id=""') },
  },
  'a flavor without a figure': { nova: { flavor: flavor('m1.bare', '') } },
  'another owner': { nova: { owner: owner('someone', 'elsewhere') } },
  'an owner with a non-ASCII id': { nova: { owner: owner('jürgen', 'projekt-ß') } },
  'a non-ASCII name': { nova: { name: 'Grüße, 世界 🌍 &amp; &lt;friends&gt;' } },
  'a very long name': { nova: { name: 'long-'.repeat(200) } },
  'an empty name': { nova: { name: '' } },
  'a libvirt name that is not ASCII': { name: 'naïve-größe' },
  'shut off': { life: 'defined' },
  'shut off, with an ephemeral disk and two vNICs': {
    ...{ life: 'defined', vnics: [{}, {}] },
    nova: { flavor: flavor('m1.ephemeral', flavorFigures(10, 20)) },
  },
  'running, nothing to boot': { life: 'running' },
  'running a guest': { ...guest, life: 'booted' },
  'running a guest with two vCPUs and two disks': {
    ...{ ...guest, life: 'booted', vcpus: 2, disks: [{ target: 'vda' }, { target: 'vdb', format: 'raw' }] },
  },
  'suspended, with what its guest counted': { ...guest, life: 'suspended', vcpus: 2 },
  'foreign, without metadata': { metadata: '', name: 'foreign-1', foreign: true },
  'foreign, with metadata of another program': {
    ...{ metadata: '<app:note xmlns:app="urn:example:app"/>', name: 'foreign-2', foreign: true },
  },
}

export const subjects: readonly Subject[] = Object.entries(rows).map(
  ([what, { nova, metadata, life, foreign, grows, ...spec }], index) => ({
    what,
    spec: {
      ...{ ...spec, number: index + 1, memoryMiB: spec.memoryMiB ?? 64 },
      metadata: metadata ?? novaMetadata({ name: `vm-${index + 1}`, ...nova }),
    },
    life: life ?? 'paused',
    foreign: foreign ?? false,
    grows: grows ?? 0,
  }),
)
