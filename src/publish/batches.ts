export interface BatchLimits {
  /** Most samples in a batch; 0 means one each. */
  readonly batchSize: number
  /** Most bytes of a batch's JSON. A sample that is larger by itself goes alone. */
  readonly batchBytes: number
}

export interface Batch {
  /** See Notification.samplesJson. */
  readonly samplesJson: string
  readonly sampleCount: number
}

/** No meter message holds a line feed, so this never occurs inside one. */
const separator = ',\n'

/**
 * Gathers meter messages, in their order, into batches within the limits; reads no further than the batch asked for.
 * An undefined among them, for a pause, is handed on at once.
 */
export function batches(messages: Iterable<string>, limits: BatchLimits): Generator<Batch>
export function batches(
  messages: Iterable<string | undefined>,
  limits: BatchLimits,
): Generator<Batch | undefined>
export function* batches(
  messages: Iterable<string | undefined>,
  limits: BatchLimits,
): Generator<Batch | undefined> {
  const most = Math.max(1, limits.batchSize)
  let gathered: string[] = []
  let bytes = 0
  for (const message of messages) {
    if (typeof message !== 'string') {
      yield message
      continue
    }
    // ASCII: a character is a byte. The first message pays for the brackets, each further one for a separator.
    const added = message.length + separator.length
    if (gathered.length === most || (gathered.length > 0 && bytes + added > limits.batchBytes)) {
      yield batchOf(gathered)
      gathered = []
      bytes = 0
    }
    gathered.push(message)
    bytes += added
  }
  if (gathered.length > 0) yield batchOf(gathered)
}

/** The brackets go in with the messages: around the joined text they would cost a copy of it. */
function batchOf(messages: readonly string[]): Batch {
  const bracketed = [`[${messages[0] ?? ''}`, ...messages.slice(1)]
  bracketed.push(`${bracketed.pop() ?? ''}]`)
  return { samplesJson: bracketed.join(separator), sampleCount: messages.length }
}

/** The meter messages of a batch, each as the JSON text that went into it. */
export function messagesOf({ samplesJson }: Pick<Batch, 'samplesJson'>): string[] {
  return samplesJson.slice(1, -1).split(separator)
}
