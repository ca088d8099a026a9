import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createMetrics } from '../../../src/observe/metrics.js'
import { eachDropReason } from '../../../src/publish/publisher.js'
import { noFigures } from '../../support/figures.js'

const page = readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8')

/** The names in the first column of the table, and the labels that stand behind each. */
const documented = new Map(
  [...page.matchAll(/^\| (`virtpoll_[^|]*)\|/gm)].flatMap((row) =>
    [...(row[1] ?? '').matchAll(/`(virtpoll_\w+)(?:\{([^}`]*)\})?`/g)].map(
      ([, name = '', labels = '']) => [name, labels.split(',').filter(Boolean).toSorted()] as const,
    ),
  ),
)

/** What is served once everything that is counted has happened. */
async function servedLabels(): Promise<Map<string, string[]>> {
  const nothing = { samples: 0 }
  const destination = { name: 'broker', oldestAgeSeconds: 0, queued: nothing, recovered: nothing }
  const dropped = eachDropReason(() => nothing)
  const metrics = createMetrics({
    ...noFigures,
    outbox: () => ({
      ...noFigures.outbox(),
      destinations: [{ ...destination, confirmed: nothing, dropped }],
    }),
    abandoned: () => [{ directory: 'folder', samples: 1 }],
    buildInfo: { version: '1', node: '2', libvirt: '3' },
  })
  metrics.cycleFinished({
    ...{ seconds: 1, failed: false, instances: 1, expected: 2, produced: 1, unaccounted: 0 },
    ...{ missing: { stuck: 1 }, finishedAtMs: 0 },
  })
  metrics.libvirtCall('list', 1, 'done')
  metrics.outage('libvirt', 'libvirt')
  metrics.destinationAdded('broker')
  metrics.badFiles('damaged', 1)
  metrics.reloaded('applied')
  metrics.pollsterFailed('cpu')
  const served = new Map<string, string[]>()
  for (const [, name = '', labels = ''] of (await metrics.render()).matchAll(
    /^(virtpoll_\w+?)(?:_bucket|_sum|_count)?(?:\{(.*)\})? [^ ]+$/gm,
  )) {
    const names = [...labels.matchAll(/(\w+)="/g)].map(([, label = '']) => label)
    served.set(name, names.filter((label) => label !== 'le').toSorted())
  }
  return served
}

describe('docs/operations.md', () => {
  it('names every metric of ours and no other', async () => {
    const served = [...(await createMetrics(noFigures).render()).matchAll(/^# TYPE (virtpoll_\w+)/gm)]
    expect([...documented.keys()].toSorted()).toEqual(served.map(([, name]) => name).toSorted())
  })

  it('has the labels of every metric', async () => {
    const served = await servedLabels()
    // Those whose labels are all there is to them are described by a sentence.
    const [said, shown] = [new Map(documented), served].map((labels) =>
      [...labels].filter(([name]) => !name.endsWith('_info')).toSorted(),
    )
    expect(said).toEqual(shown)
  })

  it('has alerts that go by metrics and labels that there are', () => {
    const alerts = (/### Alerts\n([^]*?)\n##/.exec(page)?.[1] ?? '')
      .split('\n')
      .filter((line) => /^\| \w/.test(line))
    expect(alerts.length).toBeGreaterThan(10)
    for (const alert of alerts.slice(1)) {
      const used = [...alert.matchAll(/(virtpoll_\w+)(?:\{(\w+)=)?/g)]
      expect(used, alert).not.toEqual([])
      for (const [, name = '', label] of used) {
        expect([...documented.keys()], alert).toContain(name)
        if (label !== undefined) expect(documented.get(name), alert).toContain(label)
      }
    }
  })
})
