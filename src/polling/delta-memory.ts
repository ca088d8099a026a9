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

interface Shelf {
  readonly source: string
  readonly meter: string
  readonly byResource: Map<string, Figures>
}

export function createDeltaMemory(): DeltaMemory {
  const shelves = new Map<string, Shelf>()
  const shelfOf = (source: string, meter: string): Shelf => {
    const key = `${meter}\n${source}`
    const shelf = shelves.get(key) ?? { source, meter, byResource: new Map<string, Figures>() }
    shelves.set(key, shelf)
    return shelf
  }
  return {
    page: (source, meter, resourceId) => openPage(shelfOf(source, meter).byResource, resourceId),
    keepResources(source, resourceIds) {
      for (const shelf of shelves.values()) {
        if (shelf.source !== source) continue
        for (const id of shelf.byResource.keys()) if (!resourceIds.has(id)) shelf.byResource.delete(id)
      }
    },
    keepPairs(isKept) {
      for (const [key, { source, meter }] of shelves) if (!isKept(source, meter)) shelves.delete(key)
    },
    get size() {
      let size = 0
      for (const { byResource } of shelves.values())
        for (const figures of byResource.values()) size += figures.size
      return size
    },
  }
}

function openPage(byResource: Map<string, Figures>, resourceId: string): MemoryPage {
  const before = byResource.get(resourceId)
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
      if (kept.size > 0) byResource.set(resourceId, kept)
      else byResource.delete(resourceId)
    },
  }
}
