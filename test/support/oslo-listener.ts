import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { waitFor } from './wait-for.js'

/** What oslo.messaging handed to the endpoint, in its own names. */
export interface ReceivedNotification {
  readonly priority: string
  readonly publisher_id: string
  readonly event_type: string
  readonly metadata: { readonly message_id: string; readonly timestamp: string }
  /** Parsed by JavaScript: read exact volumes from `samples`. */
  readonly payload: { readonly samples?: readonly Readonly<Record<string, unknown>>[] }
  readonly ctxt: Readonly<Record<string, unknown>>
  /** What Python saw of `payload.samples`, in the same order. */
  readonly samples: readonly ReceivedVolume[]
}

export interface ReceivedVolume {
  /** Python's type: `int`, `float`, … */
  readonly volume_type: string
  /** Python's repr, exact: `512.0`, `18446744073709551615`. */
  readonly volume_text: string
  /** Ceilometer's verdict; absent when no secret was given. */
  readonly signature_ok?: boolean
}

export interface OsloListenerOptions {
  readonly url: string
  /** Default `ceilometer`. */
  readonly exchange?: string
  /** Default `notifications`. */
  readonly topics?: readonly string[]
  /** Default `sample`, the priority of telemetry. */
  readonly priorities?: readonly string[]
  /** The telemetry_secret; without it no signature is verified. */
  readonly secret?: string
}

/** A process with the real oslo.messaging listener of Debian. */
export interface OsloListener {
  /** Everything received so far and not yet taken. */
  readonly waiting: readonly ReceivedNotification[]
  /** Takes the next `count` notifications, in their order. Rejects when they do not come in time. */
  take(count: number, deadlineSeconds?: number): Promise<ReceivedNotification[]>
  /** Stops listening; the queues and what is in them stay. */
  stop(): Promise<void>
}

const script = fileURLToPath(new URL('oslo-listener.py', import.meta.url))

function listenerArguments(options: OsloListenerOptions): string[] {
  return [
    script,
    ...['--url', options.url],
    ...['--exchange', options.exchange ?? 'ceilometer'],
    ...['--topics', (options.topics ?? ['notifications']).join(',')],
    ...['--priorities', (options.priorities ?? ['sample']).join(',')],
    ...(options.secret === undefined ? [] : [`--secret=${options.secret}`]),
  ]
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.stdin?.end()
  await ended
}

/** Starts the listener and waits until it consumes. */
export async function startOsloListener(options: OsloListenerOptions): Promise<OsloListener> {
  const child = spawn('/usr/bin/python3', listenerArguments(options), { stdio: ['pipe', 'pipe', 'pipe'] })
  const waiting: ReceivedNotification[] = []
  let ready = false
  let complaints = ''
  child.stderr.on('data', (text: Buffer) => (complaints = `${complaints}${text.toString()}`.slice(-4000)))
  createInterface({ input: child.stdout }).on('line', (line) => {
    const message = JSON.parse(line) as ReceivedNotification | { ready: true }
    if ('ready' in message) ready = true
    else waiting.push(message)
  })
  const alive = <T>(answer: T): T => {
    if (child.exitCode !== null) throw new Error(`the oslo.messaging listener ended: ${complaints}`)
    return answer
  }
  try {
    await waitFor('the oslo.messaging listener consumes', () => alive(ready), 30)
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  }
  return {
    waiting,
    async take(count, deadlineSeconds = 30) {
      await waitFor(
        `${count} notifications came (${complaints})`,
        () => alive(waiting.length >= count),
        deadlineSeconds,
      )
      return waiting.splice(0, count)
    },
    stop: () => stop(child),
  }
}
