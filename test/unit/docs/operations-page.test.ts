import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { createMetrics } from '../../../src/observe/metrics.js'
import { noFigures } from '../../support/figures.js'

const page = readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8')

it('docs/operations.md names every metric of ours and no other', async () => {
  const metrics = createMetrics(noFigures)
  const served = [...(await metrics.render()).matchAll(/^# TYPE (virtpoll_\w+)/gm)].map((match) => match[1])
  const documented = [...page.matchAll(/^\| (`virtpoll_[^|]*)\|/gm)].flatMap((row) =>
    [...(row[1] ?? '').matchAll(/`(virtpoll_\w+)`/g)].map((match) => match[1]),
  )
  expect(documented.toSorted()).toEqual(served.toSorted())
})
