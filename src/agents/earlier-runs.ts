import type { AbandonedOutbox } from '../publish/abandoned-outboxes.js'
import type { Logger } from '../observe/log.js'
import { scheduleKey } from '../polling/plan.js'
import type { Gap } from './cycle-record.js'
import type { ObserverParts } from './observers.js'

/** What was missed between an earlier run and this one: a line and a count for each schedule. */
export async function tellGaps(
  gaps: Promise<readonly Gap[]>,
  { log, metrics }: Pick<ObserverParts, 'log' | 'metrics'>,
): Promise<void> {
  for (const { schedule, missed, since } of await gaps) {
    metrics().ticksMissedBeforeStart(missed)
    log.warn(
      { schedule: scheduleKey(schedule), missed, since: new Date(since.wallMs) },
      'ticks missed before this start: no agent ran, or it was ended in mid-cycle',
    )
  }
}

/** What an earlier run left for destinations that are not configured any more: a line for each folder. */
export function tellAbandoned(outboxes: readonly AbandonedOutbox[], log: Logger): void {
  for (const outbox of outboxes)
    log.warn(
      outbox,
      'outbox of a destination that is not configured any more: nothing sends what it holds; put that destination ' +
        'back into publisher in agent.yaml until it is sent, or delete the folder',
    )
}
