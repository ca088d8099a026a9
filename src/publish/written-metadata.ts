import type { Metadata } from '../sample/sample.js'
import { jsonMember } from '../sample/wire-value.js'
import { byteText, compareCodePoints, pairsOf, pairsText } from './signature.js'

/** `resource_metadata` as the JSON and the signature of a meter message have it. */
export interface WrittenMetadata {
  /** Its JSON without the braces. */
  readonly members: string
  /** Its names and values as the signature takes them in, as `byteText` gives them. */
  readonly signed: string
}

interface WrittenMember {
  readonly key: string
  readonly json: string
  readonly signed: string
}

/** A written member, and where its two texts begin in those of the whole. */
interface PlacedMember extends WrittenMember {
  readonly jsonStart: number
  readonly signedStart: number
}

/** What a meter adds, cut into the metadata of the resource. */
interface WrittenOverlay extends WrittenMetadata {
  readonly extra: Metadata
}

interface WrittenResource extends WrittenMetadata {
  readonly inOrder: readonly PlacedMember[]
  readonly sorted: readonly PlacedMember[]
}

/** Overlays of one resource that are kept: as many as a large instance has devices. */
const mostOverlays = 32

/**
 * Writes the metadata of samples. The metadata of a resource is the same object in all its samples and by far the
 * larger part of each, so it is written once for as long as the object lives, and what a meter adds is cut into the
 * finished texts, once for all meters that add the same to the resource of the sample before. A metadata object must
 * not change once it was in a sample.
 */
export function createMetadataWriter(): (metadata: Metadata, extra: Metadata | undefined) => WrittenMetadata {
  const written = new WeakMap<Metadata, WrittenResource>()
  let last: { readonly metadata: Metadata; readonly resource: WrittenResource } | undefined
  let overlays: WrittenOverlay[] = []
  return (metadata, extra) => {
    if (last?.metadata !== metadata) {
      const resource = written.get(metadata) ?? writeResource(metadata)
      written.set(metadata, resource)
      last = { metadata, resource }
      overlays = []
    }
    if (extra === undefined) return last.resource
    const known = overlays.find((one) => isSame(one.extra, extra))
    if (known !== undefined) return known
    const made = { extra, ...overlay(last.resource, metadata, writeMembers(extra)) }
    if (overlays.push(made) > mostOverlays) overlays.shift()
    return made
  }
}

/** Whether both have the same members in the same order; members that are objects, only when they are the same ones. */
function isSame(one: Metadata, other: Metadata): boolean {
  if (one === other) return true
  const names = Object.keys(one)
  const others = Object.keys(other)
  return (
    names.length === others.length &&
    names.every((name, at) => name === others[at] && one[name] === other[name])
  )
}

function writeMembers(metadata: Metadata): WrittenMember[] {
  return Object.entries(metadata).map(([key, value]) => ({
    key,
    json: jsonMember(key, value),
    signed: byteText(pairsText(pairsOf(`resource_metadata:${key}`, value))),
  }))
}

function byKey(left: WrittenMember, right: WrittenMember): number {
  return compareCodePoints(left.key, right.key)
}

function writeResource(metadata: Metadata): WrittenResource {
  const members = writeMembers(metadata)
  const sorted = [...members].sort(byKey)
  const signedStarts = new Map<string, number>()
  let signed = ''
  for (const member of sorted) {
    signedStarts.set(member.key, signed.length)
    signed += member.signed
  }
  let json = ''
  const inOrder = members.map((member) => {
    const jsonStart = json === '' ? 0 : json.length + 1
    json += json === '' ? member.json : `,${member.json}`
    return { ...member, jsonStart, signedStart: signedStarts.get(member.key) ?? 0 }
  })
  return { inOrder, sorted: [...inOrder].sort(byKey), members: json, signed }
}

/** `dict.update`: members of `extra` win, in the place of those they replace, else behind all others. */
function overlay(
  resource: WrittenResource,
  metadata: Metadata,
  extra: readonly WrittenMember[],
): WrittenMetadata {
  const added = extra.filter((member) => !Object.hasOwn(metadata, member.key))
  let members = added.length === extra.length ? resource.members : replaceMembers(resource, extra)
  for (const { json } of added) members += members === '' ? json : `,${json}`
  return { members, signed: mergeSigned(resource, [...extra].sort(byKey)) }
}

function replaceMembers({ inOrder, members }: WrittenResource, extra: readonly WrittenMember[]): string {
  let replaced = ''
  let from = 0
  for (const old of inOrder) {
    const winner = extra.find((member) => member.key === old.key)
    if (winner === undefined) continue
    replaced += members.slice(from, old.jsonStart) + winner.json
    from = old.jsonStart + old.json.length
  }
  return replaced + members.slice(from)
}

/** Both are sorted; what is in both is taken from `extra`. */
function mergeSigned({ sorted, signed }: WrittenResource, extra: readonly WrittenMember[]): string {
  let merged = ''
  let from = 0
  let at = 0
  for (const member of extra) {
    const order = () => compareCodePoints(sorted[at]?.key ?? '', member.key)
    while (at < sorted.length && order() < 0) at++
    const next = sorted[at]
    merged += signed.slice(from, next?.signedStart) + member.signed
    from = next?.signedStart ?? signed.length
    if (next?.key === member.key) from += next.signed.length
  }
  return merged + signed.slice(from)
}
