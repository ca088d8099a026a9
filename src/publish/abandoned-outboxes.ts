import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { sortNames } from './outbox-names.js'

/** A folder with notifications that no destination of the configuration waits for. */
export interface AbandonedOutbox {
  readonly directory: string
  readonly notifications: number
  readonly samples: number
}

const prefix = 'also-'

/** The folder, in the first outbox's, of a further one. */
export function furtherOutbox(directory: string, destinationKey: string): string {
  return join(directory, `${prefix}${destinationKey}`)
}

/** The first outbox and all further ones that hold something and are not in use. What cannot be read holds nothing. */
export async function findAbandoned(
  directory: string,
  inUse: ReadonlySet<string>,
): Promise<readonly AbandonedOutbox[]> {
  const further = (await namesIn(directory)).filter((name) => name.startsWith(prefix))
  const folders = [directory, ...further.map((name) => join(directory, name))]
  const found = await Promise.all(folders.filter((folder) => !inUse.has(folder)).map(look))
  return found.filter(({ notifications }) => notifications > 0)
}

async function look(directory: string): Promise<AbandonedOutbox> {
  const { files } = sortNames(await namesIn(directory))
  const samples = files.reduce((sum, { facts }) => sum + facts.sampleCount, 0)
  return { directory, notifications: files.length, samples }
}

function namesIn(directory: string): Promise<string[]> {
  return readdir(directory).catch(() => [])
}
