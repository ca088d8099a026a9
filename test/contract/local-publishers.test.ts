import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFilePublisher } from '../../src/publish/file-publisher.js'
import { createLogPublisher } from '../../src/publish/log-publisher.js'
import { createNoopPublisher } from '../../src/publish/noop-publisher.js'
import { away, createMemoryPublisher } from '../support/memory-publisher.js'
import { sampleId, sampleIds } from '../support/notifications.js'
import { publisherContract, type PublisherUnderTest } from './publisher.contract.js'

const nothingToPutAway = () => Promise.resolve()

publisherContract('noop', {
  working: () =>
    Promise.resolve({
      publisher: createNoopPublisher(),
      received: () => Promise.resolve(undefined),
      dispose: nothingToPutAway,
    }),
})

publisherContract('log', {
  working: () => {
    const lines: string[] = []
    return Promise.resolve({
      publisher: createLogPublisher((line) => lines.push(line.message_id)),
      received: () => Promise.resolve(lines),
      dispose: nothingToPutAway,
    })
  },
})

async function inFolder(file: string): Promise<PublisherUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), 'virtpoll-file-publisher-'))
  const path = join(folder, file)
  return {
    publisher: createFilePublisher(path),
    received: async () => {
      const text = await readFile(path, 'utf8')
      return text.split('\n').filter(Boolean).map(sampleId)
    },
    dispose: () => rm(folder, { recursive: true }),
  }
}

publisherContract('file', {
  working: () => inFolder('samples.jsonl'),
  broken: () => inFolder('no-such-directory/samples.jsonl'),
})

function inMemory(failure: Error | undefined): Promise<PublisherUnderTest> {
  const publisher = createMemoryPublisher()
  publisher.failWith(failure)
  return Promise.resolve({
    publisher,
    received: () => Promise.resolve(publisher.received.flatMap(sampleIds)),
    dispose: nothingToPutAway,
  })
}

publisherContract('memory', { working: () => inMemory(undefined), broken: () => inMemory(away) })
