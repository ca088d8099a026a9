import { AgentError } from '../errors.js'
import type { Logger } from '../observe/log.js'
import { startStatusServer, type StatusServer, type StatusServerOptions } from '../observe/status-server.js'
import type { Clock } from '../schedule/clock.js'

/** /metrics and /healthz for as long as the agent runs. */
export interface StatusEndpoint {
  close(): Promise<void>
}

/** Between two attempts to listen, seconds. */
const retrySeconds = 30

/**
 * Serves both. While the address cannot be had, that is said once and tried again: samples matter more than the figures
 * about them. Resolves after the first attempt.
 */
export async function openStatusEndpoint(
  options: StatusServerOptions,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): Promise<StatusEndpoint> {
  const closing = new AbortController()
  let served = await listen(options)
  const retry = async (error: AgentError): Promise<void> => {
    log.error({ err: error }, 'status endpoint away')
    while (served instanceof AgentError) {
      await clock.sleepUntil(clock.now().monotonicSeconds + retrySeconds, closing.signal)
      served = await listen(options)
    }
    log.info('status endpoint back')
  }
  const retried = served instanceof AgentError ? retry(served) : Promise.resolve()
  // Nothing but its end ends the wait between two attempts.
  const over = retried.catch(() => undefined)
  return {
    async close() {
      closing.abort()
      await over
      if (!(served instanceof AgentError)) await served.close()
    },
  }
}

async function listen(options: StatusServerOptions): Promise<StatusServer | AgentError> {
  try {
    return await startStatusServer(options)
  } catch (cause) {
    return new AgentError(
      'STATUS_UNAVAILABLE',
      `http.listen: cannot listen on ${options.host}:${options.port}; another program has it, or it is no address of ` +
        'this machine; the agent polls without /metrics and /healthz and tries again; set http.listen in agent.yaml, ' +
        'or http: null',
      { cause },
    )
  }
}
