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
  /** JSON in ASCII alone. */
  readonly payloadJson: string
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
export function notificationBody(notification: Notification, options: EnvelopeOptions): string {
  return osloBody(
    {
      messageId: notification.messageId,
      publisherId: options.publisherId,
      eventType: 'telemetry.polling',
      priority: 'SAMPLE',
      payloadJson: `{"samples":${notification.samplesJson}}`,
      wallMs: notification.createdAt.wallMs,
      uniqueId: options.uniqueId,
    },
    options.version,
  )
}

/** The body of any notification. ASCII only. */
export function osloBody(message: OsloMessage, version: EnvelopeVersion): string {
  const json =
    `{"message_id":${jsonString(message.messageId)},"publisher_id":${jsonString(message.publisherId)}` +
    `,"event_type":${jsonString(message.eventType)},"priority":${jsonString(message.priority)}` +
    `,"payload":${message.payloadJson},"timestamp":"${blankTimestamp(message.wallMs)}"` +
    `,"_unique_id":${jsonString(message.uniqueId)}}`
  // All of it is ASCII, so the engine's own quoting, the fastest there is, has nothing else to escape.
  return version === 1 ? json : `{"oslo.version":"2.0","oslo.message":${JSON.stringify(json)}}`
}

/** A UUID as `_unique_id` has it: 32 hex digits without dashes. */
export function uniqueIdOf(uuid: string): string {
  return uuid.replaceAll('-', '')
}
