import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** A JSON document flat: the JSON text of each scalar by its path, so that `512` and `512.0` differ. */
export type Fields = Readonly<Record<string, string>>

/** A sample as Python's json reads it. */
export interface ReadSample {
  readonly fields: Fields
  /** Whether ceilometer's own verifier takes its signature. */
  readonly verified: boolean
}

/** One polling cycle of the original. */
export interface CeilometerCycle {
  readonly samples: readonly ReadSample[]
  /** Owner and metadata of each discovered instance by UUID; a meter adds its own keys to them. */
  readonly instances: Readonly<Record<string, Fields>>
  /** What it logged, WARNING and above. */
  readonly complaints: readonly string[]
  /** How often it asked libvirt's daemon something. */
  readonly calls: number
}

/** Runs a command before libvirt's Python binding makes its first such call on that domain. */
export interface Hook {
  /** For example `XMLDesc`, in discovery, or `interfaceStats`. */
  readonly call: string
  readonly domain: string
  readonly command: readonly string[]
}

/** The real ceilometer compute agent, waiting to be told to poll. */
export interface Ceilometer {
  /** One cycle of its polling task. Delta meters remember the cycle before. */
  poll(hook?: Hook): Promise<CeilometerCycle>
  /** Meter messages, one JSON object a line, through Python's json and ceilometer's verifier. */
  read(lines: string): Promise<readonly ReadSample[]>
  stop(): Promise<void>
}

const script = fileURLToPath(new URL('ceilometer_cycle.py', import.meta.url))

/** Starts it. The first answer rejects with what it printed when Debian's packages are missing. */
export function startCeilometer(uri = 'qemu:///system'): Ceilometer {
  const child = spawn('/usr/bin/python3', [script, '--uri', uri], { stdio: ['pipe', 'pipe', 'pipe'] })
  const ended = once(child, 'close')
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  let complaints = ''
  child.stderr.on('data', (text: Buffer) => (complaints = `${complaints}${text.toString()}`.slice(-4000)))
  child.stdin.on('error', () => undefined)
  const ask = async (request: object): Promise<unknown> => {
    child.stdin.write(`${JSON.stringify(request)}\n`)
    const answer: IteratorResult<string, unknown> = await answers.next()
    if (answer.done === true) throw new Error(`ceilometer ended: ${complaints}`)
    return JSON.parse(answer.value) as unknown
  }
  return {
    poll: async (hook) => (await ask({ poll: hook === undefined ? {} : { hook } })) as CeilometerCycle,
    read: async (lines) => ((await ask({ read: lines })) as Pick<CeilometerCycle, 'samples'>).samples,
    async stop() {
      child.stdin.end()
      await ended
    },
  }
}
