import type { BacklogEntry } from './backlog.js'
import { diskBytes, encodeFile } from './outbox-file.js'
import type { Keepable } from './outbox-keeper.js'
import type { Notification } from './publisher.js'

export interface DiskEntryFacts {
  readonly order: number
  readonly sampleCount: number
  /** Of samples. */
  readonly payloadBytes: number
  /** Monotonic. */
  readonly putAtSeconds: number
}

/** What entries of one outbox share. There can be a quarter of a million, so an entry has no functions of its own. */
export interface DiskEntryKind {
  /** Gives its file a name; each call gives a later one. */
  name(entry: DiskEntry): string
  read(entry: DiskEntry): Promise<Notification>
}

/** A notification of a disk outbox, in memory, on disk or on its way there. */
export class DiskEntry implements BacklogEntry, Keepable {
  readonly order: number
  readonly sampleCount: number
  readonly payloadBytes: number
  readonly putAtSeconds: number
  /** Until it is stored. */
  notification: Notification | undefined
  /** Keys of destinations that need it no more. */
  doneBy: readonly string[] = []
  /** No destination needs it any more. */
  gone = false
  damaged = false
  readonly #kind: DiskEntryKind
  #file: string | undefined

  constructor(
    { order, sampleCount, payloadBytes, putAtSeconds }: DiskEntryFacts,
    kind: DiskEntryKind,
    file?: string,
  ) {
    this.order = order
    this.sampleCount = sampleCount
    this.payloadBytes = payloadBytes
    this.putAtSeconds = putAtSeconds
    this.notification = undefined
    this.#kind = kind
    this.#file = file
  }

  get bytes(): number {
    return diskBytes(this.payloadBytes)
  }

  get file(): string {
    return (this.#file ??= this.#kind.name(this))
  }

  content(): Buffer {
    if (this.notification === undefined) throw new RangeError(`${this.file} is stored already`)
    return encodeFile(this.notification)
  }

  read(): Promise<Notification> {
    return this.notification === undefined ? this.#kind.read(this) : Promise.resolve(this.notification)
  }

  /** It is on disk, and need not stay in memory. */
  letGo(): void {
    this.notification = undefined
  }
}
