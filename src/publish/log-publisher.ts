import { messagesOf } from './batches.js'
import { createLocalPublisher } from './local-publisher.js'
import type { Publisher } from './publisher.js'

/** Fields of a log line for one sample. */
export interface SampleLine {
  readonly event_type: 'telemetry.polling'
  readonly meter: string
  readonly type: string
  readonly volume: number | bigint
  readonly unit: string
  readonly resource_id: string
  readonly project_id: string | null
  readonly timestamp: string
  readonly message_id: string
}

/**
 * Writes one log line a sample: what was measured on what, without its metadata and its signature. What the log does
 * with a line is not known here, so a notification counts as delivered once its lines are handed over.
 */
export function createLogPublisher(log: (line: SampleLine, message: string) => void): Publisher {
  return createLocalPublisher({
    name: 'log',
    async write(notification) {
      for (const message of messagesOf(notification)) log(lineOf(message), 'sample')
      return Promise.resolve()
    },
    probe: () => Promise.resolve(),
  })
}

interface ParsedMessage {
  readonly counter_name: string
  readonly counter_type: string
  readonly counter_volume: number
  readonly counter_unit: string
  readonly resource_id: string
  readonly project_id: string | null
  readonly timestamp: string
  readonly message_id: string
}

function lineOf(message: string): SampleLine {
  const parsed = JSON.parse(message) as ParsedMessage
  return {
    event_type: 'telemetry.polling',
    meter: parsed.counter_name,
    type: parsed.counter_type,
    volume: exactVolume(message, parsed.counter_volume),
    unit: parsed.counter_unit,
    resource_id: parsed.resource_id,
    project_id: parsed.project_id,
    timestamp: parsed.timestamp,
    message_id: parsed.message_id,
  }
}

/** In JSON a quote inside a string is escaped, so the first of this name is the key itself and not somebody's text. */
const writtenInteger = /"counter_volume":(-?\d+),/

/** JSON.parse rounds integers beyond 2^53. */
function exactVolume(message: string, parsed: number): number | bigint {
  if (Number.isSafeInteger(parsed) || !Number.isInteger(parsed)) return parsed
  const digits = writtenInteger.exec(message)?.[1]
  return digits === undefined ? parsed : BigInt(digits)
}
