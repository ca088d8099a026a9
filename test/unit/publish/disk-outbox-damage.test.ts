import { mkdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import {
  deadPublisher,
  fileCount,
  leave,
  namesIn,
  newOutboxPath,
  passing,
  removeOutboxes,
  runOutbox,
} from '../../support/disk-outbox.js'
import { createFakePublisher } from '../../support/fake-publisher.js'

afterEach(removeOutboxes)

describe('damaged files', () => {
  it('are moved to damaged/ and counted, and cost no other file', async () => {
    const path = await newOutboxPath()
    const [, cut = '', bitten = '', gone = ''] = await leave(path, ['a', 'cut', 'bitten', 'gone', 'e'])
    await truncate(cut, (await readFile(cut)).length - 1)
    await writeFile(bitten, (await readFile(bitten, 'latin1')).replace('bitten.', 'bitter.'))
    await rm(gone)
    const publisher = createFakePublisher()
    const run = await runOutbox(path, [publisher])
    await passing(run.clock, 'the others are sent', () => publisher.taken.length === 2)
    expect(publisher.taken).toEqual(['a', 'e'])
    await fileCount(path, 1)
    expect((await namesIn(join(path, 'damaged'))).map((name) => join(path, name))).toEqual([cut, bitten])
    expect(run.damages.map(({ code, details }) => [code, details['samples']])).toEqual(
      Array.from({ length: run.damages.length }, () => ['OUTBOX_DAMAGED', 2]),
    )
    expect(run.outbox.figures).toMatchObject({
      droppedSamples: { damaged: 4 + 2 * (run.damages.length - 2) },
    })
    await run.stop()
  })

  it('are those whose name promises another number of samples than they hold', async () => {
    const path = await newOutboxPath()
    const [file = ''] = await leave(path, ['a'])
    await rename(file, file.replace('-2-10.', '-3-10.'))
    const run = await runOutbox(path, [createFakePublisher()])
    await passing(run.clock, 'it is found out', () => run.damages.length === 1)
    expect(run.outbox.figures).toMatchObject({ recoveredSamples: 3, droppedSamples: { damaged: 3 } })
    await run.stop()
  })

  it('are no more than the latest 50', async () => {
    const path = await newOutboxPath()
    await mkdir(path)
    for (let count = 10; count < 65; count += 1) await writeFile(join(path, `foreign-${count}`), '')
    const run = await runOutbox(path, [createFakePublisher()])
    expect(run.opened).toMatchObject([{ foreign: 55 }])
    const kept = await namesIn(join(path, 'damaged'))
    expect([kept.length, kept[0]]).toEqual([50, 'foreign-15'])
    await run.stop()
  })
})

describe('what a process that died leaves half done', () => {
  it('is swept, and counted', async () => {
    const path = await newOutboxPath()
    const [file = ''] = await leave(path, ['a'])
    await writeFile(`${file}.tmp`, 'half')
    await writeFile(`${file.replace('2-10', '2-11')}.done-0123456789ab`, '')
    const run = await runOutbox(path, [deadPublisher()])
    expect(run.opened).toEqual([{ notifications: 1, samples: 2, temporaries: 1, foreign: 0 }])
    expect(await namesIn(path)).toHaveLength(1)
    await run.stop()
  })
})
