import { describe, expect, test } from 'vitest'
import type { Domain } from '../../../src/inspector/inspector.js'
import { caseFolders } from '../../support/cases.js'
import { discovering } from '../../support/discovering.js'
import { domainOf } from '../../support/survey.js'

interface Look {
  readonly look: Partial<Domain>
  readonly expected: string
}

const nova = caseFolders('instances').find(({ name }) => name === 'nova-1.1')!
const managed = domainOf(nova.read('domain.xml'))

describe('a migration', () => {
  const running = { state: 1, stateReason: 1 }
  const changingOver = { state: 3, stateReason: 2 }
  const startingUp = { state: 3, stateReason: 11 }
  const leftByPostCopy = { state: 3, stateReason: 12 }
  const runningAfterMigration = { state: 1, stateReason: 3 }
  const pausedByUser = { state: 3, stateReason: 1 }
  const shutOff = { state: 5, stateReason: 4, id: undefined }

  test.each<readonly [string, readonly Look[]]>([
    [
      'the incoming copy is not reported until it runs here',
      [
        { look: startingUp, expected: 'no-data' },
        { look: changingOver, expected: 'migrating-in' },
        { look: changingOver, expected: 'migrating-in' },
        { look: runningAfterMigration, expected: 'reported' },
      ],
    ],
    [
      'the outgoing end stays reported while the guest changes over',
      [
        { look: running, expected: 'reported' },
        { look: changingOver, expected: 'reported' },
        { look: changingOver, expected: 'reported' },
      ],
    ],
    [
      'one that failed goes on being reported by its source host',
      [
        { look: running, expected: 'reported' },
        { look: changingOver, expected: 'reported' },
        { look: running, expected: 'reported' },
      ],
    ],
    [
      'a copy that comes back to a host that still knows the shut-off domain is incoming',
      [
        { look: { ...running, id: 4 }, expected: 'reported' },
        { look: shutOff, expected: 'reported' },
        { look: { ...changingOver, id: 5 }, expected: 'migrating-in' },
        { look: { ...running, id: 5 }, expected: 'reported' },
      ],
    ],
    [
      'a copy that comes back between two looks is incoming',
      [
        { look: { ...running, id: 4 }, expected: 'reported' },
        { look: { ...changingOver, id: 5 }, expected: 'migrating-in' },
      ],
    ],
    [
      'a guest that runs on its new host already is left to that host',
      [
        { look: running, expected: 'reported' },
        { look: leftByPostCopy, expected: 'migrated-out' },
      ],
    ],
    [
      'a guest paused by its user is reported from the first look',
      [{ look: pausedByUser, expected: 'reported' }],
    ],
    [
      'a guest that was paused for another reason before stays reported',
      [
        { look: pausedByUser, expected: 'reported' },
        { look: changingOver, expected: 'reported' },
      ],
    ],
  ])('%s', async (_, looks) => {
    const { one } = discovering()
    const found: string[] = []
    for (const { look } of looks) {
      const result = await one({ ...managed, ...look })
      found.push(typeof result === 'string' ? result : 'reported')
    }
    expect(found).toEqual(looks.map(({ expected }) => expected))
  })
})
