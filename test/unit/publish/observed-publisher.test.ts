import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { createFilePublisher } from '../../../src/publish/file-publisher.js'
import { observed } from '../../../src/publish/observed-publisher.js'
import { createFakeClock } from '../../support/fake-clock.js'
import { aNotification } from '../../support/notifications.js'

const folder = mkdtempSync(join(tmpdir(), 'observed-'))
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

it('tells once that a destination is away, and once that it is back and for how long it was not', async () => {
  const said: unknown[] = []
  const clock = createFakeClock()
  const output = join(folder, 'not-yet')
  const publisher = observed(
    createFilePublisher(join(output, 'samples.jsonl')),
    { onOutage: ({ code }) => said.push(code), onRecovered: ({ seconds }) => said.push(seconds) },
    clock,
  )
  const signal = new AbortController().signal
  const publish = () => publisher.publish(aNotification(), signal)
  await expect(publish()).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' })
  await expect(publish()).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' })
  await clock.advance(7)
  mkdirSync(output, { recursive: true })
  await publish()
  await publish()
  await publisher.close(signal)
  await expect(publish()).rejects.toMatchObject({ code: 'STOPPED' })
  expect(said).toEqual(['FILE_UNWRITABLE', 7])
})
