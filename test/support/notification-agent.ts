import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { connect } from 'amqplib'
import type { WireValue } from '../../src/sample/wire-value.js'
import type { MeterMessage } from './broker-record.js'
import type { Lab } from './lab.js'
import { writeFiles } from './virtpoll.js'
import { waitFor } from './wait-for.js'
import { parseWireObject } from './wire-parser.js'

/** What ceilometer listens on when nothing is configured. */
export const telemetryRoute = { exchange: 'ceilometer', key: 'notifications.sample' } as const

/** Ceilometer's name for each part of a sample that it keeps, and the wire's. */
const keptParts = {
  id: 'message_id',
  name: 'counter_name',
  type: 'counter_type',
  unit: 'counter_unit',
  volume: 'counter_volume',
  user_id: 'user_id',
  project_id: 'project_id',
  resource_id: 'resource_id',
  timestamp: 'timestamp',
  resource_metadata: 'resource_metadata',
  source: 'source',
} as const

/** A sample as ceilometer has it, by ceilometer's names. */
export type ConsumedSample = MeterMessage

/** What ceilometer must have of a meter message: all but the owners' names, the signature and the monotonic time. */
export function asConsumed(message: MeterMessage): ConsumedSample {
  const kept = Object.entries(keptParts).map(([name, key]): [string, WireValue | undefined] => [
    name,
    message[key],
  ])
  return { ...(Object.fromEntries(kept) as ConsumedSample), monotonic_time: null }
}

/** Debian's ceilometer-agent-notification, with a pipeline that writes every sample to a file. */
export interface NotificationAgent {
  /** Waits until it has dealt with all that is in its queue, and gives all it ever wrote, in its order. */
  drained(): Promise<ConsumedSample[]>
  /** Ends it, and deletes its queues and what it wrote. */
  stop(): Promise<void>
}

/** Starts it on empty queues, with nothing configured but broker and pipelines, and waits until it consumes. */
export async function startNotificationAgent({ transportUrl, amqpUrl }: Lab): Promise<NotificationAgent> {
  await deleteQueues(amqpUrl)
  const folder = await configurationFolder(transportUrl)
  const output = join(folder, 'samples.jsonl')
  const child = spawn(
    '/usr/bin/ceilometer-agent-notification',
    ['--config-file', join(folder, 'ceilometer.conf')],
    { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
  )
  let complaints = ''
  child.stderr.on('data', (text: Buffer) => (complaints = `${complaints}${text.toString()}`.slice(-4000)))
  // Its worker has the same standard error, and goes when its parent is gone.
  const ended = once(child, 'close')
  await waitFor('ceilometer-agent-notification consumes', async () => {
    if (child.exitCode !== null) throw new Error(complaints)
    return (await queueFigure('consumers')) === 1
  })
  return {
    async drained() {
      await waitFor(
        'ceilometer has dealt with everything',
        async () => (await queueFigure('messages')) === 0,
        120,
      )
      const lines = (await readFile(output, 'utf8')).split('\n').filter((line) => line !== '')
      return lines.map(parseWireObject)
    },
    async stop() {
      child.kill('SIGKILL')
      await ended
      await rm(folder, { recursive: true })
      await deleteQueues(amqpUrl)
    },
  }
}

const toFile = (path: string) => ({
  sources: [{ name: 'everything', meters: ['*'], sinks: ['file'] }],
  sinks: [{ name: 'file', publishers: [`file://${path}?json`] }],
})
const nowhere = {
  sources: [{ name: 'everything', events: ['*'], sinks: ['nowhere'] }],
  sinks: [{ name: 'nowhere', publishers: ['test://'] }],
}

async function configurationFolder(transportUrl: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'virtpoll-ceilometer-'))
  await writeFiles(folder, {
    'event_pipeline.yaml': nowhere,
    'pipeline.yaml': toFile(join(folder, 'samples.jsonl')),
    'ceilometer.conf': `[DEFAULT]
transport_url = ${transportUrl}
pipeline_cfg_file = ${folder}/pipeline.yaml
event_pipeline_cfg_file = ${folder}/event_pipeline.yaml
`,
  })
  return folder
}

/** Of the queue of samples: `messages` counts those that are handed out and not acknowledged too. */
async function queueFigure(column: 'consumers' | 'messages'): Promise<number> {
  const list = await promisify(execFile)('rabbitmqctl', ['--quiet', 'list_queues', 'name', column])
  const figure = new RegExp(`^${telemetryRoute.key}\\s+(\\d+)$`, 'm').exec(list.stdout)?.[1]
  return figure === undefined ? NaN : Number(figure)
}

const priorities = ['audit', 'debug', 'info', 'warn', 'error', 'critical', 'sample']

async function deleteQueues(amqpUrl: string): Promise<void> {
  const connection = await connect(amqpUrl)
  const channel = await connection.createChannel()
  for (const priority of priorities) await channel.deleteQueue(`notifications.${priority}`)
  await connection.close()
}
