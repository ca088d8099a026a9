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
  return createBodyWriter()(notification, options)
}

/**
 * A function that does the same in memory of its own, so that what it gives is valid until it is called again: memory of
 * a hundred kilobytes takes longer to get anew for each body than to fill.
 */
export function createBodyWriter(): typeof notificationBody {
  const write = createTextWriter()
  return (notification, options) => write(osloTexts(samplesMessage(notification, options), options.version))
}

function samplesMessage(notification: Notification, { publisherId, uniqueId }: EnvelopeOptions): OsloMessage {
  return {
    messageId: notification.messageId,
    publisherId,
    eventType: 'telemetry.polling',
    priority: 'SAMPLE',
    payloadJson: ['{"samples":', notification.samplesJson, '}'],
    wallMs: notification.createdAt.wallMs,
    uniqueId,
  }
}

/** The body of any notification. ASCII only. */
export function osloBody(message: OsloMessage, version: EnvelopeVersion): Buffer {
  return createTextWriter()(osloTexts(message, version))
}

function osloTexts(message: OsloMessage, version: EnvelopeVersion): Iterable<string> {
  const parts = [
    `{"message_id":${jsonString(message.messageId)},"publisher_id":${jsonString(message.publisherId)}` +
      `,"event_type":${jsonString(message.eventType)},"priority":${jsonString(message.priority)},"payload":`,
    ...message.payloadJson,
    `,"timestamp":"${blankTimestamp(message.wallMs)}","_unique_id":${jsonString(message.uniqueId)}}`,
  ]
  return version === 1 ? parts : enveloped(parts)
}

function* enveloped(parts: readonly string[]): Generator<string> {
  yield '{"oslo.version":"2.0","oslo.message":"'
  for (const part of parts) yield* quoted(part)
  yield '"}'
}

/** Characters that are quoted at a time: what this makes stays among the engine's small objects, which are cheap. */
const pieceLength = 32 * 1024

/**
 * A text as it stands in the JSON string of the whole, piece by piece. All of it is ASCII, so the engine's own quoting,
 * the fastest there is, has nothing else to escape.
 */
function* quoted(text: string): Generator<string> {
  for (let at = 0; at < text.length; at += pieceLength)
    yield JSON.stringify(text.slice(at, at + pieceLength)).slice(1, -1)
}

/** A function that writes texts one after the other, into the same memory each time it is called. */
function createTextWriter(): (texts: Iterable<string>) => Buffer {
  let bytes = Buffer.alloc(0)
  return (texts) => {
    let end = 0
    for (const text of texts) {
      const room = end + text.length
      if (bytes.length < room) bytes = Buffer.concat([bytes.subarray(0, end)], 2 * room)
      end += bytes.write(text, end, 'latin1')
    }
    return bytes.subarray(0, end)
  }
}

/** A UUID as `_unique_id` has it: 32 hex digits without dashes. */
export function uniqueIdOf(uuid: string): string {
  return uuid.replaceAll('-', '')
}
