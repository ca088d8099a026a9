import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Connection, StatsColumns } from '#node-libvirt'
import type { LibvirtBinding } from '../src/inspector/libvirt/binding.js'
import { columnsOf, parseDomstats } from '../test/support/domstats.js'

/** One recorded domain: `virsh dumpxml` and `virsh domstats` of the domain number 1. */
export interface Recording {
  readonly xml: string
  readonly domstats: string
}

/** virDomainStatsTypes by the first word of a field. */
const groupBits: Readonly<Record<string, number>> = {
  state: 1,
  cpu: 2,
  balloon: 4,
  vcpu: 8,
  net: 16,
  block: 32,
  perf: 64,
}

/**
 * A host on which a recorded domain runs many times over, each with name, UUID, addresses and metadata of its own, as
 * far as the inspector asks a host that gives disk sizes in bulk. Answers come a turn of the event loop later, as the
 * binding's do; they are made once and cost nothing after that.
 */
export function recordedHost({ xml, domstats }: Recording, instances: number): LibvirtBinding {
  const entries = [...parseDomstats(domstats).values()][0] ?? []
  const numbers = Array.from({ length: instances }, (_, index) => index + 1)
  const byUuid = new Map(numbers.map((number) => [uuidOf(number), number]))
  const answers = new Map<string, StatsColumns>()
  const answer = (mask: number, of: readonly number[]): StatsColumns => {
    const key = `${mask} ${of[0] ?? 0} ${of.length}`
    const known = answers.get(key)
    if (known !== undefined) return known
    const wanted = entries.filter(([field]) => ((groupBits[field.split('.', 1)[0] ?? ''] ?? 0) & mask) !== 0)
    const made = repeated(columnsOf([{ uuid: '', name: '', id: 1, entries: wanted }]), of)
    answers.set(key, made)
    return made
  }
  const connection: Partial<Connection> = {
    open: true,
    onClose: () => Promise.resolve(true),
    setKeepAlive: () => Promise.resolve(true),
    hypervisorType: () => Promise.resolve('QEMU'),
    onDomainEvent: (kinds) => Promise.resolve(kinds),
    close: () => Promise.resolve(0),
    allDomainStats: (mask) => nextTurn(answer(mask, numbers)),
    domainStats: (uuids, mask) => {
      const of = uuids.map((uuid) => byUuid.get(uuid) ?? 0)
      return nextTurn(answer(mask, of))
    },
    domainXml: (uuid) => nextTurn(renumbered(xml, byUuid.get(uuid) ?? 0)),
  }
  return { openReadOnly: () => Promise.resolve(connection as Connection) }
}

/** The columns of one row as those of many. */
function repeated(one: StatsColumns, numbers: readonly number[]): StatsColumns {
  const rows = numbers.length
  const size = one.field.length
  const value = new BigUint64Array(size * rows)
  const texts = BigInt(one.strings.length)
  for (let row = 0; row < rows; row += 1) {
    one.value.forEach((bits, entry) => {
      value[row * size + entry] = one.type[entry] === text ? bits + BigInt(row) * texts : bits
    })
  }
  return {
    uuids: numbers.map(uuidOf),
    names: numbers.map((number) => `instance-${hex(number)}`),
    ids: Int32Array.from(numbers),
    fields: one.fields,
    strings: numbers.flatMap((number) => one.strings.map((string) => renumbered(string, number))),
    rowStart: Uint32Array.from({ length: rows + 1 }, (_, row) => row * size),
    field: Uint32Array.from({ length: size * rows }, (_, entry) => one.field[entry % size] ?? 0),
    type: Uint8Array.from({ length: size * rows }, (_, entry) => one.type[entry % size] ?? 0),
    value,
  }
}

/** A virTypedParameterType. */
const text = 7

const hex = (number: number): string => number.toString(16).padStart(8, '0')

const uuidOf = (number: number): string => `5ca1ab1e-0000-4000-8000-0000${hex(number)}`

/** A text of the recorded domain as that of another: its number stands in names, UUIDs and addresses. */
function renumbered(recorded: string, number: number): string {
  const [, , low = '', middle = '', high = ''] = /^(..)(..)(..)(..)$/.exec(hex(number)) ?? []
  return recorded
    .replaceAll('00000001', hex(number))
    .replaceAll('fa:16:3e:00:00:01', `fa:16:3e:${low}:${middle}:${high}`)
    .replaceAll('vm-1<', `vm-${number}<`)
}
