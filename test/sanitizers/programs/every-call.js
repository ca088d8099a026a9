/**
 * Makes every call of the binding answer and fail in every way there is, and prints what came of it: for each way the
 * outcome of each method. Needs `uri` and `offUuid`; with `socket`, the daemon's, calls are also held up, cut off,
 * answered late and left behind.
 */
import { activity, openReadOnly, versions } from '../../../native/lib/index.js'
import { askingOf, callEach, closeEach, given, openEach, outcomes, warm } from './connections.js'
import { methodsFor, outcomeOf } from './methods.js'
import { watchNativeFunctions } from './native-functions.js'
import { until } from './until.js'
import { openValve } from './valve.js'

const { uri, uuid, offUuid, socket, methods, right } = given()
const { names, called } = watchNativeFunctions()

/** Opens, asks, closes. */
async function plainly(argumentsOf, of = methods) {
  const connections = await openEach(uri, of)
  const result = await outcomes(callEach(connections, of, argumentsOf))
  await closeEach(connections)
  return result
}

const about =
  (domain) =>
  ({ right: of }) =>
    of.length > 0 ? of(domain) : undefined

function onlyDevices() {
  const without = Object.entries(methodsFor({ disk: 'none', vnic: 'none' }))
  return Object.fromEntries(without.filter(([name]) => /^(block|interface)/.test(name)))
}

async function afterClose() {
  const connections = await openEach(uri, methods)
  await closeEach(connections)
  return outcomes(callEach(connections, methods, right))
}

/** Calls that have been made and may not have begun when their connection is closed. */
async function whileClosing() {
  const connections = await openEach(uri, methods)
  const calls = callEach(connections, methods, right)
  await closeEach(connections)
  return outcomes(calls)
}

/** In numbers, so that lanes are opened, kept and given up. */
async function many() {
  const connection = await openReadOnly(uri)
  const calls = Array.from({ length: 30 }, (_, index) => [index, outcomeOf(connection.allDomainStats(0, 0))])
  const result = await outcomes(calls)
  await closeEach({ connection })
  return result
}

/** The calls with all answers held back; then whatever `goOn` does with valve and connections. */
async function heldUp(goOn) {
  const valve = await openValve(socket)
  const connections = await openEach(valve.uri, methods)
  await warm(connections)
  valve.shut()
  const calls = callEach(connections, methods, right)
  await valve.asked(askingOf(methods))
  const gone = goOn(valve, connections)
  const result = await outcomes(calls)
  await gone
  await closeEach(connections)
  valve.close()
  return result
}

/** Closed while the calls are out, which then end in one of two ways. */
const closedAnd = (end) => (valve, connections) => {
  const closed = closeEach(connections)
  valve[end]()
  return closed
}

async function afterTheEnd() {
  const valve = await openValve(socket)
  const connections = await openEach(valve.uri, methods)
  await warm(connections)
  valve.cut()
  await until(async () => {
    const alive = await Promise.all(Object.values(connections).map((connection) => connection.isAlive()))
    return !alive.includes(true)
  })
  const result = await outcomes(callEach(connections, methods, right))
  await closeEach(connections)
  valve.close()
  return result
}

const ways = {
  right: () => plainly(right),
  wrongType: () => plainly(({ wrong }) => wrong),
  refused: () => plainly(({ refused }) => refused),
  unknownDomain: () => plainly(about('99999999-9999-4999-8999-999999999999')),
  noUuid: () => plainly(about('no UUID')),
  domainThatIsOff: () => plainly(about(offUuid)),
  unknownDevice: () => plainly(about(uuid), onlyDevices()),
  afterClose,
  whileClosing,
  many,
}

const waysOfADaemon = {
  answeredLate: () => heldUp((valve) => valve.open()),
  cutOff: () => heldUp((valve) => valve.cut()),
  closedThenAnswered: () => heldUp(closedAnd('open')),
  closedThenCutOff: () => heldUp(closedAnd('cut')),
  afterTheEnd,
}

const result = {}
for (const [way, run] of Object.entries({ ...ways, ...(socket === undefined ? {} : waysOfADaemon) }))
  result[way] = await run()
const nowhere = ['test:///nonexistent.xml', 'nonsense://', 'qemu+unix:///system?socket=/nonexistent', 7]
result.nowhere = await outcomes(nowhere.map((wrong) => [wrong, outcomeOf(openReadOnly(wrong))]))
versions()
activity()
console.log(JSON.stringify({ result, names, called: [...called] }))
