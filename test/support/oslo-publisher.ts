import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { endOf } from './virtpoll.js'

const script = fileURLToPath(new URL('oslo-publisher.py', import.meta.url))

export interface OsloNotification {
  readonly url: string
  readonly exchange: string
  readonly topic: string
  /** Default `messagingv2`. */
  readonly driver?: 'messaging' | 'messagingv2'
  /** Default `sample`. */
  readonly priority?: string
  readonly eventType: string
  readonly payload: unknown
}

/** Publishes a notification with the real oslo.messaging of Debian. Rejects with its words when it could not. */
export async function publishWithOslo(notification: OsloNotification): Promise<void> {
  const { url, exchange, topic, driver = 'messagingv2', priority = 'sample', eventType } = notification
  const child = spawn(
    '/usr/bin/python3',
    [
      ...[script, '--url', url, '--exchange', exchange, '--topic', topic],
      ...['--driver', driver, '--priority', priority, '--event-type', eventType],
    ],
    { stdio: ['pipe', 'ignore', 'pipe'], timeout: 60_000, killSignal: 'SIGKILL' },
  )
  child.stdin.end(JSON.stringify(notification.payload))
  const { code, stderr } = await endOf(child)
  if (code !== 0) throw new Error(`oslo.messaging could not publish: ${stderr}`)
}
