import type { Connection } from '#node-libvirt'
import type { Caller } from './caller.js'
import { eachOf } from './each-of.js'
import { CallError, lacksFunction } from './errors.js'

/** Somebody waits for a domain's monitor, or had to begin a job in order to. */
export interface MonitorWait {
  /** Milliseconds that one command has waited for its answer; undefined while a background job hides that. */
  readonly commandMs: number | undefined
}

/** By virDomainControlState. */
const jobRuns = 1
const commandIsOut = 2

/**
 * Which of these domains have a monitor that somebody, of this agent or not, waits for; by UUID. Asks no monitor. A
 * driver that does not know, and a domain that is gone, count as free; a domain that does not answer this either is
 * silent from then on, and not among them. Rejects with a ConnectionError only.
 */
export async function monitorWaits(
  caller: Caller,
  uuids: Iterable<string>,
): Promise<ReadonlyMap<string, MonitorWait>> {
  const waits = new Map<string, MonitorWait>()
  const { lacking } = caller.session
  await eachOf([...uuids], async (uuid) => {
    if (lacking.has('domainControlInfo')) return
    try {
      const make = (connection: Connection) => connection.domainControlInfo(uuid)
      const { state, sinceMs } = await caller.brieflyAbout(uuid, 'domainControlInfo', make)
      if (state === commandIsOut) waits.set(uuid, { commandMs: Number(sinceMs) })
      else if (state === jobRuns) waits.set(uuid, { commandMs: undefined })
    } catch (error) {
      if (!(error instanceof CallError)) throw error
      if (lacksFunction(error)) lacking.add('domainControlInfo')
    }
  })
  return waits
}
