/**
 * Says `ready` when a connection for each method is open, makes every call when told to on its standard input, says
 * `out`, and prints the outcomes. Needs `uri`.
 */
import { once } from 'node:events'
import { activity } from '../../../native/lib/index.js'
import { askingOf, callEach, closeEach, given, openEach, outcomes, warm } from './connections.js'
import { until } from './until.js'

const { uri, methods, right } = given()
const connections = await openEach(uri, methods)
await warm(connections)
process.stdout.write('ready\n')
await once(process.stdin, 'data')
process.stdin.destroy()
const calls = callEach(connections, methods, right)
await until(() => activity().callsOut >= askingOf(methods))
process.stdout.write('out\n')
const result = await outcomes(calls)
await closeEach(connections)
process.stdout.write(`${JSON.stringify({ result, activity: activity() })}\n`)
