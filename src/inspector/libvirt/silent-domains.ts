import { CallError } from './errors.js'

/**
 * Domains about which libvirt itself says nothing, not even their state, because somebody keeps their lock: `virsh
 * destroy` of a QEMU that is stopped does for 10 s, `virsh save` into a pipe that nobody reads for ever. Asking for one
 * of them would cost another hung call.
 */
export class SilentDomains {
  /** By UUID, with a call of ours that waits, or did when its connection ended. */
  readonly #asked = new Set<string>()
  #presumed: ReadonlySet<string> = new Set()

  has({ uuid }: { readonly uuid: string }): boolean {
    return this.#asked.has(uuid) || this.#presumed.has(uuid)
  }

  /** Whether a call of ours has found one. */
  get found(): boolean {
    return this.#asked.size > 0
  }

  /** Takes these for silent until the next call of this method, without having asked. */
  presume(uuids: Iterable<string>): void {
    this.#presumed = new Set(uuids)
  }

  /** A listing answered, for which each of them had to be asked. */
  clear(): void {
    this.#asked.clear()
    this.presume([])
  }

  /** Makes a call about this domain alone; when it hangs, the domain is silent until `onLate` is called. */
  async watch<T>(uuid: string, call: (onLate: () => void) => Promise<T>): Promise<T> {
    const late = { returned: false }
    try {
      return await call(() => {
        late.returned = true
        this.#asked.delete(uuid)
      })
    } catch (error) {
      if (error instanceof CallError && error.fault === 'hung' && !late.returned) this.#asked.add(uuid)
      throw error
    }
  }
}
