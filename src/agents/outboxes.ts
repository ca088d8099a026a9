import { createHash } from 'node:crypto'
import type { AgentOptions, PublisherOptions } from '../config/options.js'
import { furtherOutbox } from '../publish/abandoned-outboxes.js'
import { openDiskOutbox, type KeyedPublisher, type OutboxObserver } from '../publish/disk-outbox.js'
import { createMemoryOutbox, type OutboxParts } from '../publish/memory-outbox.js'
import { createOutboxFolder } from '../publish/outbox-folder.js'
import type { Outbox, Publisher } from '../publish/publisher.js'

export interface Destination {
  readonly publisher: Publisher
  readonly options: PublisherOptions
}

export type OpenOutbox = (destinations: readonly Destination[]) => Promise<Outbox>

/** Outboxes that end with the process. */
export function memoryOutboxes({ outbox }: AgentOptions, parts: OutboxParts): OpenOutbox {
  return (destinations) =>
    Promise.resolve(
      createMemoryOutbox(
        destinations.map(({ publisher }) => publisher),
        outbox,
        parts,
      ),
    )
}

export interface DiskOutboxesParts extends OutboxParts {
  readonly pid: number
  readonly observe: (directory: string) => OutboxObserver
}

/**
 * Outboxes in the folder of the configuration: the first in the folder itself, each further one in a folder in it that
 * is named after its first destination. Destinations that take everything at once, and forget it, need none.
 */
export function diskOutboxes(options: AgentOptions, parts: DiskOutboxesParts): OpenOutbox {
  const inMemory = memoryOutboxes(options, parts)
  const { directory } = options.outbox
  let opened = 0
  return (destinations) => {
    const keyed = withKeys(destinations)
    const [first] = keyed
    if (first === undefined || destinations.every(isForgetful)) return inMemory(destinations)
    const path = opened === 0 ? directory : furtherOutbox(directory, first.key)
    opened += 1
    const holder = { pid: parts.pid, sinceMs: parts.clock.now().wallMs }
    const folder = createOutboxFolder(path, holder)
    return openDiskOutbox(keyed, options.outbox, { ...parts, folder, observer: parts.observe(path) })
  }
}

function isForgetful({ options: { driver } }: Destination): boolean {
  return driver === 'log' || driver === 'noop'
}

/** The key follows from where samples go and not from how: neither a login nor the wire's version changes it. */
function withKeys(destinations: readonly Destination[]): KeyedPublisher[] {
  const seen = new Map<string, number>()
  return destinations.map(({ publisher, options: { exchange, topics, path } }) => {
    const identity = JSON.stringify([publisher.name, exchange, topics, path])
    const before = seen.get(identity) ?? 0
    seen.set(identity, before + 1)
    const key = createHash('sha256').update(`${identity}${before}`).digest('hex').slice(0, 12)
    return { publisher, key }
  })
}
