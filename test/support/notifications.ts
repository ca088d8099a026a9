import { randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { batches, messagesOf } from '../../src/publish/batches.js'
import { createMeterMessageWriter } from '../../src/publish/meter-message-writer.js'
import { decodeFile } from '../../src/publish/outbox-file.js'
import type { Notification } from '../../src/publish/publisher.js'
import type { Sample } from '../../src/sample/sample.js'
import { aSample } from './samples.js'

/** A notification of these samples, signed with ceilometer's default secret. Default: two samples with ids of their own. */
export function aNotification(
  samples: readonly Sample[] = [anySampleAtAll(), anySampleAtAll()],
): Notification {
  const write = createMeterMessageWriter({ secret: 'change this for valid signing', names: true })
  const [batch] = batches(samples.map(write), { batchSize: Infinity, batchBytes: Infinity })
  if (batch === undefined) throw new Error('a notification needs a sample')
  return { messageId: randomUUID(), createdAt: { wallMs: Date.now(), monotonicSeconds: 1 }, ...batch }
}

/** The `message_id` of each sample. */
export function sampleIds(notification: Notification): string[] {
  return messagesOf(notification).map(sampleId)
}

/** The `message_id` in the JSON of a meter message. */
export function sampleId(message: string): string {
  return (JSON.parse(message) as { readonly message_id: string }).message_id
}

/** The `message_id` of each sample that the outbox in a folder holds on disk. Rejects for a damaged file. */
export async function savedIn(outbox: string): Promise<string[]> {
  const names = (await readdir(outbox)).filter((name) => name.endsWith('.notification'))
  const files = await Promise.all(names.map((name) => readFile(join(outbox, name))))
  return files.flatMap((file) => {
    const decoded = decodeFile(file, 0)
    if ('damage' in decoded) throw new Error(`an outbox has a damaged file: ${decoded.damage}`)
    return messagesOf(decoded).map(sampleId)
  })
}

function anySampleAtAll(): Sample {
  return aSample({ id: randomUUID() })
}
