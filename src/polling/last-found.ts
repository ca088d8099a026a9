import type { Resource } from '../discovery/discovery.js'

/**
 * What each discovery found last, by its name: what a cycle in which it finds nothing, because libvirt is away, counts
 * as expected and missing. Replaced with each answer.
 */
export type LastFound = Map<string, readonly Resource[]>
