/**
 * Ends, in the way that `end` names, with every call out. Exit status 7 when it comes that far. Needs `socket`.
 */
import { once } from 'node:events'
import { setImmediate } from 'node:timers'
import { fileURLToPath } from 'node:url'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { askingOf, callEach, given, openEach, warm } from './connections.js'
import { openValve } from './valve.js'

const { socket, end, methods, right } = given()

async function callsOut(uri, shut) {
  const connections = await openEach(uri, methods)
  await warm(connections)
  await shut()
  callEach(connections, methods, right)
  return connections
}

async function ofAWorker(valve) {
  const worker = new Worker(fileURLToPath(import.meta.url), {
    argv: process.argv.slice(2),
    workerData: valve.uri,
  })
  await once(worker, 'message')
  valve.shut()
  worker.postMessage('go')
}

const exit = () => process.exit(7)

const ends = {
  exit,
  throw: () => {
    process.on('exit', () => (process.exitCode = 7))
    setImmediate(() => {
      throw new Error('expected')
    })
  },
  answers: (valve) => {
    valve.open()
    setImmediate(exit)
  },
  cut: (valve) => {
    valve.cut()
    setImmediate(exit)
  },
  close: (_valve, connections) => {
    for (const connection of Object.values(connections)) if (connection.open) void connection.close()
    exit()
  },
  worker: exit,
}

if (isMainThread) {
  const valve = await openValve(socket)
  const connections =
    end === 'worker' ? await ofAWorker(valve) : await callsOut(valve.uri, async () => valve.shut())
  await valve.asked(askingOf(methods))
  process.on('exit', () => valve.remove())
  ends[end](valve, connections)
} else {
  await callsOut(workerData, async () => {
    parentPort.postMessage('ready')
    await once(parentPort, 'message')
  })
}
