import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { novaMetadata, type DomainSpec, type NovaSpec } from '../support/domain-xml.js'
import type { LabDomain, StartAs } from '../support/lab.js'
import type { CallHook } from './hooked-virtpoll.js'
import { serveVhostUserDisk, vhostUserDisk } from './storage-daemon.js'

const execFileAsync = promisify(execFile)

/** A fault of one domain and what it costs. A loss is the samples of the domain, `meter device`, that it matches. */
export interface Poison {
  readonly what: string
  readonly spec: Omit<DomainSpec, 'number'>
  readonly start: StartAs
  /** Starts what the domain needs; gives what ends it. */
  readonly serves?: () => Promise<() => Promise<unknown>>
  /** Breaks the domain once it is there. */
  readonly breaks?: (domain: LabDomain) => Promise<unknown>
  /** What happens to it in the middle of a cycle, and before which call of either side. */
  readonly happens?: {
    readonly command: (domain: LabDomain) => readonly string[]
    readonly original: string
    readonly virtpoll: CallHook['call']
  }
  readonly original: {
    /** What happens in mid-cycle may cost it more, because it polls in random order. */
    readonly loses: RegExp
    readonly ofOthers: 'nothing' | 'everything' | 'one meter'
    readonly says: RegExp
  }
  readonly virtpoll: {
    readonly loses: RegExp
    /** JSON text of fields that its samples have all the same; undefined where they must not have it. */
    readonly fields?: Readonly<Record<string, string | undefined>>
  }
}

const nothing = /(?!)/
const everything = /^/

const metadataFields = (fields: Readonly<Record<string, string | undefined>>) =>
  Object.fromEntries(Object.entries(fields).map(([key, text]) => [`resource_metadata/${key}`, text]))

type Account = Pick<Poison, 'original' | 'virtpoll'>

/** The original leaves the domain out. */
const skipped: Account['original'] = {
  ...{ loses: everything, ofOthers: 'nothing' },
  says: /metadata was missing expected attributes/,
}
/** The original finds no instance on the whole host, in every cycle. */
const aborts = (says: RegExp): Account['original'] => ({ loses: everything, ofOthers: 'everything', says })

const inMetadata = (what: string, nova: NovaSpec, account: Account): Poison => ({
  ...{ what, start: 'paused', spec: { metadata: novaMetadata(nova) } },
  ...account,
})

const owner = (elements: string) => `<nova:owner>${elements}</nova:owner>`
const flavor = (disk: string) => `<nova:flavor name="odd"><nova:disk>${disk}</nova:disk></nova:flavor>`
const project = '<nova:project uuid="p"/>'
const user = '<nova:user uuid="u"/>'
const flavorMeters = /^disk\.(root|ephemeral)\.size/

const inNovaMetadata: readonly Poison[] = [
  inMetadata(
    'no flavor',
    { flavor: '' },
    {
      original: skipped,
      virtpoll: { loses: flavorMeters, fields: metadataFields({ 'flavor/name': undefined }) },
    },
  ),
  inMetadata('no owner', { owner: '' }, { original: skipped, virtpoll: { loses: everything } }),
  inMetadata(
    'no user',
    { owner: owner(project) },
    { original: skipped, virtpoll: { loses: nothing, fields: { user_id: 'null', project_id: '"p"' } } },
  ),
  inMetadata('no project', { owner: owner(user) }, { original: skipped, virtpoll: { loses: everything } }),
  inMetadata(
    'a user without uuid',
    { owner: owner(`<nova:user/>${project}`) },
    {
      original: aborts(/Unable to discover resources: 'uuid'/),
      virtpoll: { loses: nothing, fields: { user_id: 'null', project_id: '"p"' } },
    },
  ),
  inMetadata(
    'a project without uuid',
    { owner: owner(`${user}<nova:project/>`) },
    { original: aborts(/Unable to discover resources: 'uuid'/), virtpoll: { loses: everything } },
  ),
  inMetadata(
    'a flavor without a name',
    { flavor: '<nova:flavor id="7"/>' },
    {
      original: aborts(/Unable to discover resources: 'name'/),
      virtpoll: { loses: nothing, fields: metadataFields({ instance_type: '"7"' }) },
    },
  ),
  inMetadata(
    'a flavor whose disk is no number',
    { flavor: flavor('ten') },
    {
      original: aborts(/Unable to discover resources: invalid literal for int/),
      virtpoll: {
        loses: /^disk\.root\.size/,
        fields: metadataFields({
          'flavor/disk': 'null',
          disk_gb: 'null',
          root_gb: 'null',
          ephemeral_gb: '0',
        }),
      },
    },
  ),
  inMetadata(
    'a flavor whose disk has a fraction',
    { flavor: flavor('1.5') },
    {
      original: aborts(/Unable to discover resources: invalid literal for int/),
      virtpoll: { loses: /^disk\.root\.size/, fields: metadataFields({ disk_gb: 'null' }) },
    },
  ),
  {
    ...{ what: 'no name', start: 'paused' },
    spec: { metadata: novaMetadata().replace(/<nova:name>.*<\/nova:name>/, '') },
    original: skipped,
    virtpoll: { loses: nothing, fields: metadataFields({ display_name: '"instance-000003eb"' }) },
  },
  {
    ...{ what: 'a root image without uuid', start: 'paused' },
    spec: { metadata: novaMetadata().replace(/<nova:root .*\/>/, '<nova:root type="image"/>') },
    original: aborts(/Unable to discover resources: 'uuid'/),
    virtpoll: { loses: nothing, fields: metadataFields({ image: 'null', image_ref: 'null' }) },
  },
]

const virshCommand =
  (...words: readonly string[]) =>
  ({ name }: LabDomain) => ['virsh', '--connect', 'qemu:///system', ...words, name]

const inMidCycle: readonly Poison[] = [
  {
    ...{ what: 'undefined while instances are discovered', start: 'defined', spec: {} },
    happens: { command: virshCommand('undefine'), original: 'XMLDesc', virtpoll: 'domainXml' },
    // The discovery for the next meter finds the domain gone.
    original: {
      loses: everything,
      ofOthers: 'one meter',
      says: /Unable to discover resources: Domain not found/,
    },
    virtpoll: { loses: everything },
  },
  {
    ...{ what: 'destroyed while instances are discovered', start: 'paused', spec: {} },
    happens: { command: virshCommand('destroy'), original: 'XMLDesc', virtpoll: 'domainXml' },
    original: {
      loses: everything,
      ofOthers: 'one meter',
      says: /Unable to discover resources: Domain not found/,
    },
    virtpoll: { loses: everything },
  },
  {
    ...{ what: 'destroyed before its statistics are read', start: 'paused', spec: {} },
    happens: { command: virshCommand('destroy'), original: 'memoryStats', virtpoll: 'domainStats' },
    original: { loses: /^(cpu|memory)/, ofOthers: 'nothing', says: /Cannot inspect data of .*Pollster/ },
    virtpoll: { loses: /^(?!disk\.(root|ephemeral)\.size)/ },
  },
  {
    ...{ what: 'destroyed between its statistics and the sizes of its disks', start: 'paused', spec: {} },
    happens: { command: virshCommand('destroy'), original: 'blockInfo', virtpoll: 'blockInfo' },
    original: {
      ...{ loses: /^disk\.device\.(capacity|allocation|usage)/, ofOthers: 'nothing' },
      says: /Could not get disk\.device\.\w+ events/,
    },
    virtpoll: { loses: /^disk\.device\.(capacity|allocation|usage)/ },
  },
]

const inDevices: readonly Poison[] = [
  {
    ...{ what: 'a disk without statistics beside one that has them', start: 'paused', spec: vhostUserDisk },
    serves: serveVhostUserDisk,
    original: {
      ...{ loses: /^disk\.device\.(capacity|allocation|usage) vda/, ofOthers: 'nothing' },
      says: /Could not get disk\.device\.capacity events/,
    },
    virtpoll: { loses: nothing },
  },
  {
    ...{ what: 'a vNIC whose device is gone', start: 'paused', spec: { vnics: [{}, {}] } },
    breaks: ({ taps }) => execFileAsync('ip', ['link', 'delete', taps[1]!]),
    original: {
      loses: /^network\./,
      ofOthers: 'nothing',
      says: /Could not get network\.incoming\.bytes events/,
    },
    virtpoll: { loses: /^network\..* 01$/ },
  },
]

export const poisons: readonly Poison[] = [...inNovaMetadata, ...inMidCycle, ...inDevices]
