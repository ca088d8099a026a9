import type { AgentOptions } from '../config/options.js'
import { memoryOutboxes } from '../agents/outboxes.js'
import { buildPublishing, type Publishing } from '../agents/publishing.js'
import { DestinationError } from '../errors.js'
import type { PolledOnce } from '../polling/poll-once.js'
import type { Publisher } from '../publish/publisher.js'
import { systemClock } from '../schedule/clock.js'
import type { CliIo } from './io.js'

/** What reaching a destination may take, and then what delivering may take. */
const readySeconds = 15
const deliverySeconds = 60

/**
 * Sends the samples of a poll, through no outbox of an agent's. Resolves with whether every destination has every
 * sample, and says on stderr how it went. Rejects with a DestinationError when a destination is out of reach.
 */
export async function publishOnce(
  { samples }: PolledOnce,
  options: AgentOptions,
  io: CliIo,
  signal: AbortSignal,
): Promise<boolean> {
  let reached = false
  const publishing = await buildPublishing(options, {
    clock: systemClock,
    version: io.version,
    observe: () => ({
      // Before that, the outage is the error that the command ends with.
      onOutage: (error) => {
        if (reached) io.stderr.write(`${error.message}\n`)
      },
      onRecovered: () => undefined,
    }),
    openOutbox: memoryOutboxes(options, {
      clock: systemClock,
      random: Math.random,
      onRejected: ({ error }) => void io.stderr.write(`${error.message}\n`),
    }),
    logSample: (line, message) => void io.stderr.write(`${message} ${JSON.stringify(line, bigintAsText)}\n`),
  })
  await reach(publishing, signal)
  reached = true
  const { samples: sent } = await publishing.notifier.notify(
    samples.map(({ sample }) => sample),
    signal,
  )
  await publishing.close(AbortSignal.any([signal, AbortSignal.timeout(deliverySeconds * 1000)]))
  const { confirmedSamples } = publishing.figures()
  const owed = sent * publishing.publishers.length
  const names = publishing.publishers.map(({ name }) => name).join(', ')
  io.stderr.write(`${confirmedSamples} of ${owed} samples confirmed by ${names}\n`)
  return confirmedSamples === owed && sent === samples.length
}

async function reach(publishing: Publishing, signal: AbortSignal): Promise<void> {
  const deadline = AbortSignal.timeout(readySeconds * 1000)
  const eitherSignal = AbortSignal.any([signal, deadline])
  try {
    await Promise.all(publishing.publishers.map((publisher) => reachOne(publisher, eitherSignal, deadline)))
  } catch (error) {
    await publishing.close(AbortSignal.abort())
    throw error
  }
}

async function reachOne(publisher: Publisher, signal: AbortSignal, deadline: AbortSignal): Promise<void> {
  try {
    await publisher.ready(signal)
  } catch (cause) {
    if (cause !== deadline.reason) throw cause
    throw new DestinationError(
      'BROKER_UNREACHABLE',
      `${publisher.name} is out of reach: it did not answer in ${readySeconds} s; nothing was sent`,
      { cause },
    )
  }
}

function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value
}
