import { activity, openReadOnly } from '../../../native/lib/index.js'
import { methodsFor, outcomeOf } from './methods.js'
import { until } from './until.js'

/** A connection for each method, so that all can be out at once. */
export async function openEach(uri, methods) {
  const opened = Object.keys(methods).map(async (name) => [name, await openReadOnly(uri)])
  return Object.fromEntries(await Promise.all(opened))
}

/** Leaves each with an idle lane, so that its next call does not begin by opening one. */
export const warm = (connections) =>
  Promise.all(Object.values(connections).map((connection) => connection.listDomains(0)))

/**
 * Calls each method on its connection, all at once.
 * @param argumentsOf undefined leaves a method out
 * @returns name and promised outcome of each
 */
export function callEach(connections, methods, argumentsOf) {
  const chosen = Object.entries(methods).map(([name, method]) => [name, argumentsOf(method)])
  return chosen
    .filter(([, args]) => args !== undefined)
    .map(([name, args]) => [name, outcomeOf(connections[name][name](...args))])
}

export async function outcomes(calls) {
  return Object.fromEntries(await Promise.all(calls.map(async ([name, outcome]) => [name, await outcome])))
}

/** Those that wait when the daemon says nothing. */
export const askingOf = (methods) => Object.values(methods).filter(({ local }) => !local).length

export const nothingIsOut = () => until(() => activity().callsOut === 0 && activity().connections === 0)

export async function closeEach(connections) {
  await Promise.all(Object.values(connections).map((connection) => outcomeOf(connection.close())))
  await nothingIsOut()
}

/** What a program was given: JSON with a domain's `uuid`, `disk` and `vnic`, and what else it says it needs. */
export function given() {
  const subject = JSON.parse(process.argv[2])
  return { ...subject, methods: methodsFor(subject), right: ({ right }) => right(subject.uuid) }
}
