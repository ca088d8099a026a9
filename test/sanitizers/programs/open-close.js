/**
 * Opens and closes again and again, and prints what the process holds before and after, threads
 * without those of calls, which come by need and go when idle. Needs `uri` and `rounds`; run
 * with --expose-gc.
 */
/* global gc */
import { readdirSync, readFileSync } from 'node:fs'
import { activity, openReadOnly } from '../../../native/lib/index.js'
import { given } from './connections.js'
import { until } from './until.js'

const { uri, rounds } = given()
const ignore = () => undefined

async function openAndClose() {
  const connection = await openReadOnly(uri)
  await connection.onClose(ignore)
  await connection.onDomainEvent(['lifecycle', 'device-removed'], ignore)
  await connection.setKeepAlive(5, 3)
  await connection.allDomainStats(0, 0)
  return connection.close()
}

const openFiles = () => readdirSync('/proc/self/fd').length

function holdings() {
  gc()
  const status = readFileSync('/proc/self/status', 'utf8')
  const figure = (name) => Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(status)[1])
  return {
    files: openFiles(),
    threads: figure('Threads') - activity().threads,
    kibibytes: figure('RssAnon'),
  }
}

const remaining = new Set()
for (let round = 0; round < rounds / 5; round += 1) remaining.add(await openAndClose())
const before = holdings()
for (let round = 0; round < rounds; round += 1) remaining.add(await openAndClose())
// libvirt's event loop closes a socket a moment after the connection is gone.
await until(() => openFiles() <= before.files)
console.log(JSON.stringify({ remaining: [...remaining], before, after: holdings(), activity: activity() }))
