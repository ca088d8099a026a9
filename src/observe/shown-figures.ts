import { Counter, Gauge, type Registry } from 'prom-client'

/** Figures that other rooms keep, read at each scrape. */
export interface FigureSources {
  readonly outbox: () => OutboxAccounts
  /** Samples in folders that nothing sends. */
  readonly abandoned: () => readonly { readonly directory: string; readonly samples: number }[]
  readonly hungCalls: () => number
}

export interface OutboxAccounts {
  readonly queuedNotifications: number
  readonly storedNotifications: number
  readonly queuedBytes: number
  readonly destinations: readonly DestinationAccounts[]
}

/** What was produced + recovered = confirmed + queued + Σ dropped. No two destinations have the same name. */
export interface DestinationAccounts {
  readonly name: string
  readonly queued: Samples
  readonly oldestAgeSeconds: number
  readonly recovered: Samples
  readonly confirmed: Samples
  readonly dropped: Readonly<Record<string, Samples>>
}

interface Samples {
  readonly samples: number
}

type Labels = Readonly<Record<string, string>>
type Figure = readonly [labels: Labels, value: number]
interface Shown {
  readonly kind: typeof Gauge | typeof Counter
  readonly help: string
  readonly labels: readonly string[]
  readonly read: (of: FigureSources) => readonly Figure[]
}

const one = (help: string, read: (of: FigureSources) => number): Shown => ({
  ...{ kind: Gauge, help, labels: [] },
  read: (of) => [[{}, read(of)]],
})

const each = (kind: Shown['kind'], help: string, read: (account: DestinationAccounts) => number): Shown => ({
  ...{ kind, help, labels: ['destination'] },
  read: ({ outbox }) =>
    outbox().destinations.map((account) => [{ destination: account.name }, read(account)]),
})

const table: Readonly<Record<string, Shown>> = {
  libvirt_hung_calls: one('libvirt calls that are out past their deadline', ({ hungCalls }) => hungCalls()),
  outbox_notifications: one('notifications that wait', ({ outbox }) => outbox().queuedNotifications),
  outbox_files: one(
    'notifications that wait and are safe on disk',
    ({ outbox }) => outbox().storedNotifications,
  ),
  outbox_bytes: one('bytes that wait', ({ outbox }) => outbox().queuedBytes),
  outbox_samples: each(Gauge, 'samples that wait', ({ queued }) => queued.samples),
  outbox_oldest_age_seconds: each(
    Gauge,
    'age of the oldest that waits',
    ({ oldestAgeSeconds }) => oldestAgeSeconds,
  ),
  outbox_abandoned_samples: {
    kind: Gauge,
    help: 'samples in outboxes of destinations that are not configured any more; nothing sends them',
    labels: ['directory'],
    read: ({ abandoned }) => abandoned().map(({ directory, samples }) => [{ directory }, samples]),
  },
  samples_confirmed_total: each(
    Counter,
    'samples that the destination has for good',
    ({ confirmed }) => confirmed.samples,
  ),
  samples_recovered_total: each(
    Counter,
    'samples of an earlier run, found in the outbox, that the destination lacked',
    ({ recovered }) => recovered.samples,
  ),
  samples_dropped_total: {
    kind: Counter,
    help: 'samples given up before the destination had them, by reason',
    labels: ['destination', 'reason'],
    read: ({ outbox }) =>
      outbox().destinations.flatMap(({ name: destination, dropped }) =>
        Object.entries(dropped).map(([reason, { samples }]) => [{ destination, reason }, samples] as const),
      ),
  },
}

/** Adds them to the registry, so that nothing needs to push them. */
export function showFigures(registry: Registry, sources: FigureSources): void {
  for (const [name, { kind, help, labels, read }] of Object.entries(table)) {
    new kind({
      ...{ name: `virtpoll_${name}`, help, labelNames: [...labels], registers: [registry] },
      collect() {
        this.reset()
        for (const [figureLabels, value] of read(sources)) this.inc(figureLabels, value)
      },
    })
  }
}
