import { dommemstat, domstats, type Figures } from '../support/virsh.js'
import type { Fields, ReadSample } from './ceilometer.js'
import { bySubject, compare, type Comparison } from './compare.js'

/** Python's text of a float that needs no exponent. */
const floatText = (value: number): string => (Number.isInteger(value) ? `${String(value)}.0` : String(value))

const mebibytes = (memory: Figures, name: string): string | undefined =>
  memory.has(name) ? floatText(Number(memory.get(name)) / 1024) : undefined

/** What virsh and Nova's metadata say of one domain. */
interface Evidence {
  readonly stats: ReadonlyMap<string, string>
  readonly memory: Figures
  readonly running: boolean
  readonly diskGiB: number
  readonly ephemeralGiB: number
}

interface Formula {
  readonly unit: string
  /** JSON text of the volume; undefined where there must be no sample. */
  readonly volume: (evidence: Evidence) => string | undefined
}

const whenRunning =
  (volume: Formula['volume']): Formula['volume'] =>
  (evidence) =>
    evidence.running ? volume(evidence) : undefined

/** The balloon's size; without a balloon what the domain has, where the original has no sample (docs/differences.md). */
function memoryOf({ memory, stats }: Evidence): string | undefined {
  if (memory.has('actual')) return mebibytes(memory, 'actual')
  return floatText(Number(stats.get('balloon.maximum')) / 1024)
}

/** Meters of ceilometer after release 19 and their formulas: libvirt's figures, and those of the flavor. */
const formulas: Readonly<Record<string, Formula>> = {
  'power.state': { unit: '', volume: whenRunning(({ stats }) => stats.get('state.state')) },
  vcpus: { unit: 'vcpu', volume: whenRunning(({ stats }) => stats.get('vcpu.current')) },
  memory: { unit: 'MiB', volume: whenRunning(memoryOf) },
  'memory.available': { unit: 'MiB', volume: whenRunning(({ memory }) => mebibytes(memory, 'available')) },
  'disk.root.size': { unit: 'GiB', volume: ({ diskGiB, ephemeralGiB }) => String(diskGiB - ephemeralGiB) },
  'disk.ephemeral.size': { unit: 'GiB', volume: ({ ephemeralGiB }) => String(ephemeralGiB) },
}

export const newerMeters: ReadonlySet<string> = new Set(Object.keys(formulas))

/**
 * Holds virtpoll's samples of these meters against samples made from virsh's figures and from the owner and metadata
 * that the original found for the instance.
 */
export async function compareNewerMeters(
  samples: readonly ReadSample[],
  instances: Readonly<Record<string, Fields>>,
): Promise<Comparison> {
  const ours = bySubject(samples)
  const original: ReadSample[] = []
  for (const [uuid, account] of Object.entries(instances)) {
    const evidence = await gather(account)
    for (const [meter, { unit, volume }] of Object.entries(formulas)) {
      const figure = volume(evidence)
      if (figure === undefined) continue
      const fields = {
        ...account,
        source: '"openstack"',
        counter_name: JSON.stringify(meter),
        counter_type: '"gauge"',
        counter_unit: JSON.stringify(unit),
        counter_volume: figure,
        resource_id: JSON.stringify(uuid),
      }
      original.push({ fields: { ...fields, ...madeUp(ours, fields) }, verified: true })
    }
  }
  return compare({ before: samples, original, after: samples, moving: new Set() })
}

/** What every sample has for itself is taken from virtpoll's. */
function madeUp(ours: ReadonlyMap<string, ReadSample>, fields: Fields): Fields {
  const [key = ''] = bySubject([{ fields, verified: true }]).keys()
  const own = ours.get(key)?.fields ?? {}
  const names = ['timestamp', 'monotonic_time', 'message_id', 'message_signature']
  return Object.fromEntries(names.flatMap((name) => (own[name] === undefined ? [] : [[name, own[name]]])))
}

async function gather(account: Fields): Promise<Evidence> {
  const value = (path: string): unknown => JSON.parse(account[`resource_metadata/${path}`] ?? 'null')
  const name = String(value('name'))
  const running = value('state') !== 'shutdown'
  return {
    stats: await domstats(name),
    memory: running ? await dommemstat(name) : new Map<string, bigint>(),
    running,
    diskGiB: Number(value('flavor/disk')),
    ephemeralGiB: Number(value('flavor/ephemeral')),
  }
}
