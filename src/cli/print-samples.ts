import { randomUUID } from 'node:crypto'
import type { AgentOptions, PublisherOptions } from '../config/options.js'
import { notificationBody, uniqueIdOf } from '../publish/envelope.js'
import { createMeterMessageWriter } from '../publish/meter-message-writer.js'
import { createNotifier } from '../publish/notifier.js'
import { systemClock } from '../schedule/clock.js'
import type { Output } from './io.js'
import type { NamedSample } from './render-samples.js'

/** json: one array. jsonl: one sample a line. notification: one oslo.messaging envelope a line. */
export type SamplesFormat = 'table' | 'json' | 'jsonl' | 'notification'

export interface PrintParts {
  readonly options: AgentOptions
  readonly stdout: Output
}

/** Prints samples. Signatures, batches and envelopes are those of the first publisher. */
export async function printSamples(
  samples: readonly NamedSample[],
  format: SamplesFormat,
  { options, stdout }: PrintParts,
): Promise<void> {
  if (format === 'table') {
    const { renderSamples } = await import('./render-samples.js')
    if (samples.length > 0) stdout.write(renderSamples(samples))
  } else if (format === 'notification') {
    await printNotifications(samples, options, stdout)
  } else {
    const write = createMeterMessageWriter({
      secret: first(options).telemetrySecret,
      names: options.samples.names,
    })
    const lines = samples.map(({ sample }) => write(sample))
    if (format === 'json') stdout.write(lines.length === 0 ? '[]\n' : `[\n${lines.join(',\n')}\n]\n`)
    else for (const line of lines) stdout.write(`${line}\n`)
  }
}

async function printNotifications(
  samples: readonly NamedSample[],
  options: AgentOptions,
  stdout: Output,
): Promise<void> {
  const { telemetrySecret: secret, driver, publisherId } = first(options)
  const version = driver === 'messaging' ? 1 : 2
  const notifier = createNotifier({
    outbox: {
      put(notification) {
        const uniqueId = uniqueIdOf(randomUUID())
        stdout.write(`${notificationBody(notification, { version, publisherId, uniqueId }).toString()}\n`)
      },
    },
    ...{ clock: systemClock, newId: randomUUID, secret, names: options.samples.names },
    ...{ batchSize: options.polling.batchSize, batchBytes: options.polling.batchBytes },
  })
  await notifier.notify(
    samples.map(({ sample }) => sample),
    new AbortController().signal,
  )
}

function first({ publishers }: AgentOptions): PublisherOptions {
  const [publisher] = publishers
  if (publisher === undefined) throw new RangeError('there is no publisher; the configuration promises one')
  return publisher
}
