/**
 * Ends worker threads while every call of theirs is held up, and in the middle of their answers, and prints what is left.
 * Needs `socket` and `rounds`.
 */
import { setImmediate as turn } from 'node:timers/promises'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { activity } from '../../../native/lib/index.js'
import { askingOf, callEach, given, nothingIsOut, openEach, warm } from './connections.js'
import { openValve } from './valve.js'

const { socket, rounds, methods, right } = given()

async function inWorker() {
  const connections = await openEach(workerData, methods)
  await warm(connections)
  parentPort.postMessage('ready')
  await once(parentPort, 'message')
  callEach(connections, methods, right)
  parentPort.postMessage('called')
}

async function startWorker(uri) {
  const worker = new Worker(fileURLToPath(import.meta.url), { argv: process.argv.slice(2), workerData: uri })
  await once(worker, 'message')
  return worker
}

async function heldUp(valve, end) {
  const worker = await startWorker(valve.uri)
  valve.shut()
  worker.postMessage('go')
  await valve.asked(askingOf(methods))
  await worker.terminate()
  valve[end]()
  await nothingIsOut()
}

async function answered(valve, turns) {
  const worker = await startWorker(valve.uri)
  worker.postMessage('go')
  await once(worker, 'message')
  for (let done = 0; done < turns; done += 1) await turn()
  await worker.terminate()
  await nothingIsOut()
}

async function inMain() {
  const valve = await openValve(socket)
  for (let round = 0; round < rounds; round += 1) {
    await heldUp(valve, round % 2 === 0 ? 'open' : 'cut')
    await answered(valve, round)
  }
  valve.close()
  console.log(JSON.stringify(activity()))
}

await (isMainThread ? inMain() : inWorker())
