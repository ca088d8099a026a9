import type { Metadata } from '../sample/sample.js'
import { jsonMember } from '../sample/wire-value.js'
import { compareCodePoints, pairsOf, pairsText } from './signature.js'

/** `resource_metadata` as the JSON and the signature of a meter message have it. */
export interface WrittenMetadata {
  /** Its JSON without the braces. */
  readonly members: string
  /** Its names and values as the signature takes them in. */
  readonly signed: string
}

interface WrittenMember {
  readonly key: string
  readonly json: string
  readonly signed: string
}

interface WrittenObject extends WrittenMetadata {
  readonly inOrder: ReadonlyMap<string, WrittenMember>
  readonly sorted: readonly WrittenMember[]
}

/**
 * Writes the metadata of samples, each metadata object once for as long as it lives: a resource's metadata is the
 * same object in all its samples, and is by far the larger part of each. A metadata object must not change once it
 * was in a sample.
 */
export function createMetadataWriter(): (metadata: Metadata, extra: Metadata | undefined) => WrittenMetadata {
  const written = new WeakMap<Metadata, WrittenObject>()
  const write = (metadata: Metadata): WrittenObject => {
    const known = written.get(metadata)
    if (known !== undefined) return known
    const fresh = writeObject(metadata)
    written.set(metadata, fresh)
    return fresh
  }
  return (metadata, extra) => (extra === undefined ? write(metadata) : overlay(write(metadata), write(extra)))
}

function writeObject(metadata: Metadata): WrittenObject {
  const inOrder = new Map<string, WrittenMember>()
  for (const [key, value] of Object.entries(metadata)) {
    const signed = pairsText(pairsOf(`resource_metadata:${key}`, value))
    inOrder.set(key, { key, json: jsonMember(key, value), signed })
  }
  const sorted = [...inOrder.values()].sort((left, right) => compareCodePoints(left.key, right.key))
  return {
    inOrder,
    sorted,
    members: joinJson(inOrder),
    signed: sorted.map((member) => member.signed).join(''),
  }
}

/** `dict.update`: members of `extra` win, in the place of those they replace, else behind all others. */
function overlay(base: WrittenObject, extra: WrittenObject): WrittenMetadata {
  const collides = extra.sorted.some(({ key }) => base.inOrder.has(key))
  const members =
    collides || base.members === '' || extra.members === ''
      ? joinJson(new Map([...base.inOrder, ...extra.inOrder]))
      : `${base.members},${extra.members}`
  return { members, signed: mergeSigned(base.sorted, extra.sorted) }
}

function joinJson(members: ReadonlyMap<string, WrittenMember>): string {
  return Array.from(members.values(), (member) => member.json).join(',')
}

/** Both lists are sorted; what is in both is taken from `extra`. */
function mergeSigned(base: readonly WrittenMember[], extra: readonly WrittenMember[]): string {
  let signed = ''
  let at = 0
  for (const member of extra) {
    for (let next = base[at]; next !== undefined; next = base[++at]) {
      const order = compareCodePoints(next.key, member.key)
      if (order > 0) break
      if (order < 0) signed += next.signed
    }
    signed += member.signed
  }
  for (const member of base.slice(at)) signed += member.signed
  return signed
}
