/**
 * An agent's outbox without the agent, to be killed: puts a numbered notification every millisecond and delivers to a
 * file. Arguments: folder of the outbox, file to deliver to, name of this run. Says `open` when it has begun.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { openDiskOutbox } from '../../dist/src/publish/disk-outbox.js'
import { createFilePublisher } from '../../dist/src/publish/file-publisher.js'
import { createOutboxFolder } from '../../dist/src/publish/outbox-folder.js'
import { systemClock } from '../../dist/src/schedule/clock.js'

const [path, target, run] = process.argv.slice(2)
const ignore = () => undefined
try {
  const outbox = await openDiskOutbox(
    [{ publisher: createFilePublisher(target), key: '0123456789ab' }],
    { maxBytes: 1e9, maxAgeSeconds: 3600, order: 'oldest-first' },
    {
      folder: createOutboxFolder(path, { pid: process.pid, sinceMs: Date.now() }),
      clock: systemClock,
      random: Math.random,
      onRejected: ignore,
      observer: { onOpened: ignore, onOutage: ignore, onRecovered: ignore, onDamaged: ignore },
    },
  )
  process.stdout.write('open\n')
  for (let number = 0; ; number += 1) {
    const sample = JSON.stringify({ run, number, padding: '.'.repeat(5000) })
    outbox.put({
      messageId: `${run}-${number}`,
      createdAt: systemClock.now(),
      samplesJson: `[${sample}]`,
      sampleCount: 1,
    })
    await sleep(1)
  }
} catch (error) {
  process.stderr.write(`${error.code}: ${error.message}\n`)
  process.exit(78)
}
