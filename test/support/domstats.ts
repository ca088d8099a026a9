import type { StatsColumns } from '#node-libvirt'

/** One domain's bulk statistics as text, the way `virsh domstats` prints them. */
export interface StatsRow {
  readonly uuid: string
  readonly name: string
  readonly id: number
  readonly entries: readonly (readonly [field: string, text: string])[]
}

interface Identity {
  readonly uuid: string
  readonly id: number
}

const int = 1
const uint = 2
const llong = 3
const ullong = 4
const double = 5
const boolean = 6
const string = 7

/** The types libvirt gives to the fields that are not ullong; the first match counts. */
const typeRules: readonly (readonly [pattern: RegExp, type: number])[] = [
  [/^state\.|^vcpu\.\d+\.state$/, int],
  [/^(vcpu\.(current|maximum)|net\.count|block\.count|iothread\.count)$/, uint],
  [/^block\.\d+\.backingIndex$/, uint],
  [/\.(name|path|url|megabytes_per_second_mode)$/, string],
]

function typeOf(field: string, text: string): number {
  const rule = typeRules.find(([pattern]) => pattern.test(field))
  if (rule !== undefined) return rule[1]
  if (text === 'yes' || text === 'no') return boolean
  if (/^\d+$/.test(text)) return ullong
  if (/^-\d+$/.test(text)) return llong
  return /^-?\d+\.\d+$/.test(text) ? double : string
}

function bitsOf(type: number, text: string, indexOfString: (text: string) => number): bigint {
  switch (type) {
    case string:
      return BigInt(indexOfString(text))
    case boolean:
      return text === 'yes' ? 1n : 0n
    case double:
      return new BigUint64Array(new Float64Array([Number(text)]).buffer)[0]!
    default:
      return BigInt.asUintN(64, BigInt(text))
  }
}

/** Gives each text a number, the same text the same number. */
function interner() {
  const indexes = new Map<string, number>()
  const indexOf = (text: string) => {
    const known = indexes.get(text)
    if (known !== undefined) return known
    indexes.set(text, indexes.size)
    return indexes.size - 1
  }
  return { indexOf, texts: () => [...indexes.keys()] }
}

/** The columns that libvirt's bulk answer with these rows has. */
export function columnsOf(rows: readonly StatsRow[]): StatsColumns {
  const fields = interner()
  const strings: string[] = []
  const rowStart = [0]
  const field: number[] = []
  const type: number[] = []
  const value: bigint[] = []
  for (const row of rows) {
    for (const [name, text] of row.entries) {
      const entryType = typeOf(name, text)
      field.push(fields.indexOf(name))
      type.push(entryType)
      value.push(bitsOf(entryType, text, (entry) => strings.push(entry) - 1))
    }
    rowStart.push(field.length)
  }
  return {
    uuids: rows.map((row) => row.uuid),
    names: rows.map((row) => row.name),
    ids: Int32Array.from(rows, (row) => row.id),
    fields: fields.texts(),
    strings,
    rowStart: Uint32Array.from(rowStart),
    field: Uint32Array.from(field),
    type: Uint8Array.from(type),
    value: BigUint64Array.from(value),
  }
}

/** The `key=value` lines of one block; a `Domain:` line is passed over. */
export function parseEntries(text: string): readonly (readonly [string, string])[] {
  return text
    .split('\n')
    .map((line) => /^\s*([^\s=:]+)=(.*)$/.exec(line))
    .flatMap((match) => (match === null ? [] : [[match[1]!, match[2]!] as const]))
}

/** Text of `virsh domstats` with one or more `Domain: 'name'` blocks, by name. */
export function parseDomstats(text: string): ReadonlyMap<string, readonly (readonly [string, string])[]> {
  const blocks = text.split(/^Domain: /m).slice(1)
  return new Map(
    blocks.map((block) => {
      const name = /^'(.*)'$/m.exec(block)?.[1]
      if (name === undefined) throw new Error(`not a block of virsh domstats: ${block.slice(0, 60)}`)
      return [name, parseEntries(block)]
    }),
  )
}

/**
 * Recorded text of `virsh domstats` as the binding's columns. The text has neither UUIDs nor ids: give them by name;
 * a name without gets `00000000-0000-0000-0000-000000000001` and id 1 for the first row, and so on.
 */
export function statsColumns(
  domstatsText: string,
  identities: Readonly<Record<string, Identity>> = {},
): StatsColumns {
  const rows = [...parseDomstats(domstatsText)].map(([name, entries], index) => {
    const standIn = { uuid: `00000000-0000-0000-0000-${String(index + 1).padStart(12, '0')}`, id: index + 1 }
    return { name, entries, ...(identities[name] ?? standIn) }
  })
  return columnsOf(rows)
}
