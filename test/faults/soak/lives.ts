import { startAgent, type Agent, type AgentOptions, type LogLine } from '../../support/agent.js'
import { savedIn } from '../../support/notifications.js'
import type { Life } from './account.js'

/** The agent, through all its ends and starts. */
export interface Lives {
  readonly agent: Agent
  /** Those that are over, in the order of time. */
  readonly past: readonly Life[]
  /** What all of them said. */
  readonly lines: readonly LogLine[]
  /** Looks at its outbox, then kills it. */
  kill(): Promise<void>
  /** Ends it with SIGTERM. Rejects when it does not exit with 0. */
  end(): Promise<void>
  start(): Promise<void>
}

/** @param outbox the folder of all of them. */
export async function startLives(options: AgentOptions, outbox: string): Promise<Lives> {
  const past: Life[] = []
  let startedAtMs = 0
  let agent: Agent
  const all: Agent[] = []
  const start = async (): Promise<void> => {
    startedAtMs = Date.now()
    agent = await startAgent(options)
    all.push(agent)
  }
  const over = (rest: Pick<Life, 'killed' | 'saved' | 'endedAtMs'>): void => {
    past.push({ startedAtMs, cycles: agent.cycles(), ...rest })
  }
  await start()
  return {
    get agent() {
      return agent
    },
    past,
    get lines() {
      return all.flatMap(({ lines }) => lines)
    },
    async kill() {
      // Once it stands still, what it leaves is what it has.
      agent.signal('SIGSTOP')
      const endedAtMs = Date.now()
      const saved = await savedIn(outbox)
      agent.signal('SIGKILL')
      await agent.ended
      over({ killed: true, saved, endedAtMs })
    },
    async end() {
      const { code } = await agent.stop()
      over({ killed: false, saved: [], endedAtMs: Date.now() })
      if (code !== 0) throw new Error(`the agent ended with ${String(code)}`)
    },
    start,
  }
}
