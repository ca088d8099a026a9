/** One key of a source in polling.yaml, for messages and documentation. */
export interface PollingKey {
  readonly key: string
  readonly kind: string
  readonly documentation: string
  /** A key of ceilometer's that has no meaning here: it is read over, with a warning. */
  readonly unused?: boolean
}

export const sourceKeys: readonly PollingKey[] = [
  {
    key: 'name',
    kind: 'text, required',
    documentation:
      'Names the source in logs and metrics. Differences (`*.delta`, rates) are remembered for each source, so give every source a name of its own.',
  },
  {
    key: 'interval',
    kind: 'seconds, 1 to 31536000; this or `schedule`',
    documentation:
      'How often the meters are polled. Read as by Python: `60`, `"60"`; `1.9` is cut to 1 with a warning. They are polled once when the agent starts, and then on a grid that differs from host to host, so that a cloud does not poll in step.',
  },
  {
    key: 'schedule',
    kind: 'cron expression; this or `interval`',
    documentation:
      'Polls at fixed times instead: five fields (minute, hour, day of month, month, day of week) or six (seconds first), in the time zone of `polling.schedule_timezone`. Months and days of the week may have names (`JAN`, `SUN`, `mon-fri`), and `@hourly`, `@daily`, `@weekdays`, `@weekends`, `@weekly`, `@monthly` and `@yearly` stand for expressions. Put it in quotes: `*` and `@` mean something else in YAML. All hosts with the same expression poll at the same second; sources with an interval do not.',
  },
  {
    key: 'meters',
    kind: 'list of patterns, required',
    documentation:
      'Meters by name, with the wildcards `*`, `?`, `[abc]` and `[!abc]`; `!` in front excludes. See below.',
  },
  {
    key: 'discovery',
    kind: 'list of names',
    documentation:
      "Which resources are polled; empty or absent: each pollster's own discovery (`local_instances`). Names of ceilometer's other agents are read over with a warning.",
  },
  {
    key: 'resources',
    kind: 'list',
    documentation:
      'Static resources of ceilometer. Compute meters have no use for them: not used, with a warning.',
  },
  {
    key: 'group_id_coordination_expression',
    kind: 'any',
    documentation:
      'Partitioning among several agents, which a compute agent does not do: not used, with a warning.',
    unused: true,
  },
  {
    key: 'sinks',
    kind: 'any',
    documentation: 'Of the pipeline.yaml of old, which was one file with this: not used, with a warning.',
    unused: true,
  },
]

/** Keys at the top of polling.yaml. */
export const topKeys: readonly PollingKey[] = [
  { key: 'sources', kind: 'list of sources, required', documentation: 'What is polled, and how often.' },
  {
    key: 'sinks',
    kind: 'any',
    documentation: 'Of the pipeline.yaml of old: not used, with a warning.',
    unused: true,
  },
]
