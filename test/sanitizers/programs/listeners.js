/**
 * Listeners that throw, that close their connection, and that are called late or no more. Prints how often each was
 * called. Needs `socket`, `name` of the domain and `rounds`.
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { openReadOnly } from '../../../native/lib/index.js'
import { given, nothingIsOut } from './connections.js'
import { until } from './until.js'
import { openValve } from './valve.js'

const { socket, name, rounds } = given()
const kinds = ['lifecycle', 'metadata-change', 'device-added', 'device-removed', 'tray-change', 'disk-change']
const count = { thrown: 0, uncaught: 0, closing: 0, late: 0, ended: 0 }
process.on('uncaughtException', ({ message }) => {
  if (message !== 'expected') throw new Error(message)
  count.uncaught += 1
})

/** virsh is not to be watched. */
const env = { ...process.env, LD_PRELOAD: '' }
const changeMetadata = (round) => {
  const change = ['--uri', 'urn:example:note', '--key', 'note', '--set', `<a round='${round}'/>`]
  return promisify(execFile)('virsh', ['-c', 'qemu:///system', 'metadata', name, ...change], { env })
}

async function listen(uri, onEvent, onEnd) {
  const connection = await openReadOnly(uri)
  await connection.onClose(() => onEnd?.())
  await connection.onDomainEvent(kinds, () => onEvent(connection))
  return connection
}

const throwing = (what) => () => {
  count[what] += 1
  throw new Error('expected')
}

for (let round = 1; round <= rounds; round += 1) {
  const valve = await openValve(socket)
  const open = await Promise.all([
    listen(valve.uri, throwing('thrown'), throwing('ended')),
    listen(valve.uri, (connection) => {
      if (!connection.open) return
      count.closing += 1
      void connection.close()
    }),
    listen(valve.uri, () => (count.late += 1)),
  ])
  const [, , late] = open
  await changeMetadata(round)
  const closed = late.close()
  await until(() => count.thrown === round && count.closing === round)
  await closed
  valve.cut()
  await until(() => count.ended === round)
  await Promise.all(open.filter((connection) => connection.open).map((connection) => connection.close()))
  await nothingIsOut()
  valve.close()
}
await until(() => count.uncaught === count.thrown + count.ended)
const { thrown, uncaught, closing, ended } = count
console.log(JSON.stringify({ thrown, uncaught, closing, ended }))
