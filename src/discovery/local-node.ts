import type { Discovery } from './discovery.js'

export interface LocalNodeOptions {
  /** The name of this host as Nova knows it; the resource's id. */
  readonly host: string
  readonly source: string
}

/** The discovery `local_node`: this host itself, as one resource. */
export function localNode({ host, source }: LocalNodeOptions): Discovery {
  const node = {
    id: host,
    source,
    userId: null,
    userName: null,
    projectId: null,
    projectName: null,
    metadata: {},
  }
  return { name: 'local_node', discover: () => Promise.resolve({ resources: [node], skipped: [] }) }
}
