import { expect, test } from 'vitest'
import { noTurns } from '../../support/discovering.js'
import { localNode } from '../../../src/discovery/local-node.js'

test('the node is one resource named as the host, found without asking the hypervisor', async () => {
  const discovery = localNode({ host: 'compute-1.example.org', source: 'openstack' })
  const found = await discovery.discover({
    survey: () => Promise.reject(new Error('must not be asked')),
    turns: noTurns,
    signal: new AbortController().signal,
  })
  expect(discovery.name).toBe('local_node')
  expect(found.resources).toMatchObject([{ id: 'compute-1.example.org', source: 'openstack', metadata: {} }])
  expect(found.skipped).toEqual([])
})
