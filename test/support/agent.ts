import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import { builtMain, endOf, folderOf, removeFolders, writeFiles, type Ended, type Files } from './virtpoll.js'
import { waitFor } from './wait-for.js'

/** A line of the agent's log. */
export interface LogLine {
  readonly level: string
  readonly msg: string
  readonly time: string
  readonly err?: { readonly type: string; readonly message: string; readonly code?: string }
  readonly [field: string]: unknown
}

/** The line of a cycle, as far as the contract promises it. */
export interface CycleLine extends LogLine {
  readonly seconds: number
  readonly instances: number
  readonly samples: number
  readonly missing: Readonly<Record<string, number>>
  readonly calls: number
  readonly interval: number
}

export interface AgentOptions {
  /** agent.yaml, over what keeps a test to itself: no HTTP endpoint, the driver noop, an outbox of its own. */
  readonly agent?: Readonly<Record<string, unknown>>
  /** polling.yaml; default one source with every meter each second. */
  readonly polling?: unknown
  /** Further files beside them. */
  readonly files?: Files
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>
  /** A program that becomes the agent, with its arguments, such as setpriv; default none. */
  readonly through?: readonly string[]
  /** In place of the built virtpoll and all of the above: what to run as an agent. */
  readonly command?: readonly string[]
}

/** `virtpoll agent`, running. */
export interface Agent {
  readonly pid: number
  readonly folder: string
  /** Its log so far. */
  readonly lines: readonly LogLine[]
  /** Those of `lines` with that message. */
  said(message: string): readonly LogLine[]
  /** Those of `lines` that are a warning or worse. */
  complaints(): readonly LogLine[]
  /** The lines of its cycles so far. */
  cycles(): readonly CycleLine[]
  /** The first line from `since` on that suits; `since` is a length of `lines`, default 0. */
  line(suits: (line: LogLine) => boolean, since?: number): Promise<LogLine>
  /** The next cycle that begins after this call. */
  freshCycle(): Promise<CycleLine>
  /** Waits until that many more cycles have ended, and says how long that took: by this process's clock, seconds. */
  moreCycles(count: number, deadlineSeconds?: number): Promise<number>
  /** Writes polling.yaml and sends SIGHUP. */
  reload(polling: unknown): Promise<void>
  signal(name: NodeJS.Signals): void
  /** Sends SIGTERM and waits for its end. */
  stop(): Promise<Ended>
  readonly ended: Promise<Ended>
}

/** A source with every meter, polled so often. */
export const everything = (interval: number) => ({ sources: [{ name: 'all', interval, meters: ['*'] }] })

const quiet = { http: null, publisher: { driver: 'noop' }, outbox: { directory: 'outbox' } }
const lineDeadlineSeconds = 40
const running = new Set<Agent>()

/** Starts the agent and waits until it says so. Rejects with what it wrote when it ends before. */
export async function startAgent(options: AgentOptions = {}): Promise<Agent> {
  const folder = await folderOf({
    'agent.yaml': { ...quiet, ...options.agent },
    'polling.yaml': options.polling ?? everything(1),
    ...options.files,
  })
  const agent = launch(folder, options)
  running.add(agent)
  void agent.ended.then(() => running.delete(agent))
  await agent.line(({ msg }) => msg === 'agent started')
  return agent
}

/** Ends what tests left running, and removes every folder; for `afterEach`. */
export async function removeAgents(): Promise<void> {
  for (const agent of running) {
    process.kill(agent.pid, 'SIGKILL')
    await agent.ended
  }
  await removeFolders()
}

function launch(folder: string, { env = {}, through = [], ...options }: AgentOptions): Agent {
  const built = [process.execPath, builtMain, 'agent', '--config', join(folder, 'agent.yaml')]
  const command = options.command ?? [...through, ...built]
  const child = spawn(command[0]!, command.slice(1), {
    ...{ cwd: folder, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
  })
  const lines: LogLine[] = []
  createInterface({ input: child.stderr }).on('line', (line) => lines.push(parseLine(line)))
  let end: Ended | undefined
  const ended = endOf(child).then((it) => (end = it))
  const alive = <T>(answer: T): T => {
    if (answer === undefined && end !== undefined)
      throw new Error(`the agent ended with ${String(end.code)}: ${end.stderr}`)
    return answer
  }
  const line = (suits: (line: LogLine) => boolean, since = 0): Promise<LogLine> =>
    waitFor(
      `the agent says something that suits ${suits.toString()}; last: ${JSON.stringify(lines.slice(-5))}`,
      () => alive(lines.slice(since).find(suits)),
      lineDeadlineSeconds,
    )
  const { pid = 0 } = child
  const cycles = () => lines.filter(({ msg }) => msg === 'cycle') as CycleLine[]
  const signal = (name: NodeJS.Signals) => void child.kill(name)
  return {
    ...{ pid, folder, lines, line, signal, ended, cycles },
    said: (message) => lines.filter(({ msg }) => msg === message),
    complaints: () => lines.filter(({ level }) => level !== 'info'),
    async moreCycles(count, deadlineSeconds = lineDeadlineSeconds) {
      const due = cycles().length + count
      const since = performance.now()
      await waitFor(`${count} more cycles`, () => alive(cycles().length >= due || undefined), deadlineSeconds)
      return (performance.now() - since) / 1000
    },
    async freshCycle() {
      const since = Date.now() + lineDelayMs
      return (await line((it) => it.msg === 'cycle' && beganAt(it as CycleLine) > since)) as CycleLine
    },
    async reload(polling) {
      await writeFiles(folder, { 'polling.yaml': polling })
      signal('SIGHUP')
    },
    stop() {
      signal('SIGTERM')
      return ended
    },
  }
}

/** On a busy machine the line of a cycle comes so much after its end: by its line, the cycle began later than it did. */
const lineDelayMs = 250

/** Wall clock, milliseconds. */
export function beganAt({ time, seconds }: CycleLine): number {
  return Date.parse(time) - seconds * 1000
}

/** What is no JSON is a line all the same: an error from before there was a log. */
function parseLine(text: string): LogLine {
  try {
    return JSON.parse(text) as LogLine
  } catch {
    return { level: 'none', time: '', msg: text }
  }
}
