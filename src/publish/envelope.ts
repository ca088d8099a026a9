import { blankTimestamp } from '../sample/timestamp.js'
import { jsonString } from '../sample/wire-value.js'
import type { Notification } from './publisher.js'

/** 1: the message itself, of oslo.messaging's driver `messaging`. 2: the message as a string, of `messagingv2`. */
export type EnvelopeVersion = 1 | 2

/** A notification as oslo.messaging's Notifier makes it, with an empty context. */
export interface OsloMessage {
  /** UUID; the same in every copy. */
  readonly messageId: string
  readonly publisherId: string
  readonly eventType: string
  /** Upper case. */
  readonly priority: string
  /** Parts of a JSON text in ASCII alone. */
  readonly payloadJson: readonly string[]
  /** When it was made, in milliseconds since the Unix epoch. */
  readonly wallMs: number
  /**
   * 32 hex digits, new for each topic and each attempt: a listener never acknowledges a message whose `_unique_id`
   * it has seen, so a copy sent again under the old one stays in the queue for ever.
   */
  readonly uniqueId: string
}

export interface EnvelopeOptions {
  readonly version: EnvelopeVersion
  readonly publisherId: string
  /** See OsloMessage. */
  readonly uniqueId: string
}

/** The body of an AMQP message that carries a notification of samples. ASCII only. */
export function notificationBody(notification: Notification, options: EnvelopeOptions): Buffer {
  return osloBody(
    {
      messageId: notification.messageId,
      publisherId: options.publisherId,
      eventType: 'telemetry.polling',
      priority: 'SAMPLE',
      payloadJson: ['{"samples":', notification.samplesJson, '}'],
      wallMs: notification.createdAt.wallMs,
      uniqueId: options.uniqueId,
    },
    options.version,
  )
}

/** The body of any notification. ASCII only. */
export function osloBody(message: OsloMessage, version: EnvelopeVersion): Buffer {
  const parts = [
    `{"message_id":${jsonString(message.messageId)},"publisher_id":${jsonString(message.publisherId)}` +
      `,"event_type":${jsonString(message.eventType)},"priority":${jsonString(message.priority)},"payload":`,
    ...message.payloadJson,
    `,"timestamp":"${blankTimestamp(message.wallMs)}","_unique_id":${jsonString(message.uniqueId)}}`,
  ]
  return version === 1
    ? latin1Bytes(parts)
    : latin1Bytes(['{"oslo.version":"2.0","oslo.message":"', ...parts.map(quoted), '"}'])
}

/**
 * A part of a text as it stands in the JSON string of the whole. All of it is ASCII, so the engine's own quoting, the
 * fastest there is, has nothing else to escape.
 */
function quoted(part: string): string {
  return JSON.stringify(part).slice(1, -1)
}

/** One after the other, without a text of them all on the way: a body has a hundred kilobytes. */
function latin1Bytes(parts: readonly string[]): Buffer {
  const bytes = Buffer.allocUnsafe(parts.reduce((length, part) => length + part.length, 0))
  let end = 0
  for (const part of parts) end += bytes.write(part, end, 'latin1')
  return bytes
}

/** A UUID as `_unique_id` has it: 32 hex digits without dashes. */
export function uniqueIdOf(uuid: string): string {
  return uuid.replaceAll('-', '')
}
