/** What the name of a notification's file says, so that a start need not open any. */
export interface FileFacts {
  /**
   * Microseconds since the Unix epoch when it was put in, or more: it grows with every notification of an outbox, also
   * when the clock is set back.
   */
  readonly stamp: number
  readonly sampleCount: number
  /** Of the samples as JSON. */
  readonly bytes: number
}

const extension = '.notification'
const filePattern = /^(\d{16})-(\d{1,9})-(\d{1,12})\.notification$/
const donePattern = /^(.+\.notification)\.done-([0-9a-f]{12})$/

/** Names sort by stamp. */
export function fileName({ stamp, sampleCount, bytes }: FileFacts): string {
  return `${String(stamp).padStart(16, '0')}-${sampleCount}-${bytes}${extension}`
}

/** Undefined: this is no name of ours. */
function factsOf(name: string): FileFacts | undefined {
  const [, stamp, sampleCount, bytes] = filePattern.exec(name) ?? []
  if (stamp === undefined) return undefined
  return { stamp: Number(stamp), sampleCount: Number(sampleCount), bytes: Number(bytes) }
}

/** What is being written; whatever bears such a name at a start was never finished. */
export function temporaryName(name: string): string {
  return `${name}.tmp`
}

function isTemporary(name: string): boolean {
  return name.endsWith(`${extension}.tmp`)
}

/** An empty file beside a notification's: that destination needs it no more, though others do. */
export function doneName(name: string, destinationKey: string): string {
  return `${name}.done-${destinationKey}`
}

function doneOf(name: string): Done | undefined {
  const [, of, destinationKey] = donePattern.exec(name) ?? []
  return of === undefined || destinationKey === undefined ? undefined : { name: of, destinationKey }
}

interface Done {
  readonly name: string
  readonly destinationKey: string
}

/** A notification's file as a start finds it. */
export interface FoundFile {
  readonly name: string
  readonly facts: FileFacts
  /** Keys of the destinations that need it no more. */
  readonly doneBy: readonly string[]
}

export interface SortedNames {
  /** By stamp. */
  readonly files: readonly FoundFile[]
  readonly temporaries: readonly string[]
  /** Marks whose notification is gone. */
  readonly orphans: readonly string[]
  readonly foreign: readonly string[]
}

/** Tells what each file of an outbox is. */
export function sortNames(names: readonly string[]): SortedNames {
  const files = new Map<string, FoundFile & { readonly doneBy: string[] }>()
  const temporaries: string[] = []
  const orphans: string[] = []
  const foreign: string[] = []
  // A mark's name begins with that of its file, so it comes after it.
  for (const name of names.toSorted()) {
    const facts = factsOf(name)
    const done = doneOf(name)
    if (facts !== undefined) files.set(name, { name, facts, doneBy: [] })
    else if (isTemporary(name)) temporaries.push(name)
    else if (done === undefined) foreign.push(name)
    else {
      const file = files.get(done.name)
      if (file === undefined) orphans.push(name)
      else file.doneBy.push(done.destinationKey)
    }
  }
  return { files: [...files.values()], temporaries, orphans, foreign }
}
