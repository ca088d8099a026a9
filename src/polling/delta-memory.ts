import type { Memory, Remembered } from '../pollster/pollster.js'

/** The memory of one poll: what it remembers counts only when its answer does. */
export interface MemoryPage extends Memory {
  /**
   * Keeps what the poll remembered. What it did not remember again is forgotten, unless it missed a figure: then the
   * base of the next difference may be among it.
   */
  commit(missedAFigure: boolean): void
}

/** What delta and rate meters remember between cycles, apart for each source, meter and resource. */
export interface DeltaMemory {
  page(source: string, meter: string, resourceId: string): MemoryPage
  /** Forgets the resources of a source that are not among these. */
  keepResources(source: string, resourceIds: ReadonlySet<string>): void
  /** Forgets the pairs of source and meter for which the answer is no. */
  keepPairs(isKept: (source: string, meter: string) => boolean): void
  /** Figures remembered now. */
  readonly size: number
}

type Figures = Map<string, Remembered>

/** By the id of the resource. */
type Shelf = Map<string, Figures>

export function createDeltaMemory(): DeltaMemory {
  /** By source, then by meter. */
  const shelves = new Map<string, Map<string, Shelf>>()
  return {
    page(source, meter, resourceId) {
      const byMeter = entryOf(shelves, source, () => new Map<string, Shelf>())
      const shelf = entryOf(byMeter, meter, (): Shelf => new Map<string, Figures>())
      return openPage(shelf, resourceId)
    },
    keepResources(source, resourceIds) {
      for (const shelf of shelves.get(source)?.values() ?? [])
        for (const id of shelf.keys()) if (!resourceIds.has(id)) shelf.delete(id)
    },
    keepPairs(isKept) {
      for (const [source, byMeter] of shelves) {
        for (const meter of byMeter.keys()) if (!isKept(source, meter)) byMeter.delete(meter)
        if (byMeter.size === 0) shelves.delete(source)
      }
    },
    get size() {
      let size = 0
      for (const byMeter of shelves.values())
        for (const shelf of byMeter.values()) for (const figures of shelf.values()) size += figures.size
      return size
    },
  }
}

function entryOf<V>(map: Map<string, V>, key: string, create: () => V): V {
  let value = map.get(key)
  if (value === undefined) map.set(key, (value = create()))
  return value
}

function openPage(shelf: Shelf, resourceId: string): MemoryPage {
  const before = shelf.get(resourceId)
  let written: Figures | undefined
  return {
    recall: (key) => before?.get(key),
    remember(key, value) {
      written ??= new Map()
      written.set(key, value)
    },
    commit(missedAFigure) {
      if (before === undefined && written === undefined) return
      const kept: Figures = new Map([...(missedAFigure ? (before ?? []) : []), ...(written ?? [])])
      if (kept.size > 0) shelf.set(resourceId, kept)
      else shelf.delete(resourceId)
    },
  }
}
