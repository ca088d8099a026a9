import { createLocalPublisher } from './local-publisher.js'
import type { Publisher } from './publisher.js'

/** Takes every notification and forgets it: for measuring, and for a host that shall poll and not publish. */
export function createNoopPublisher(): Publisher {
  return createLocalPublisher({
    name: 'noop',
    write: () => Promise.resolve(),
    probe: () => Promise.resolve(),
  })
}
