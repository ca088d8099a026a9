import { createRequire } from 'node:module'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { runCli } from './cli/program.js'
import type { CliIo } from './cli/io.js'
import { compileLater } from './compile-later.js'

/**
 * A reader that went away, as in `poll-once | head`, is no fault: what is written from then on goes nowhere, and the
 * rest of the work, such as publishing, is done all the same.
 */
function endWhenDataIsLost(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') return
  process.stderr.write(`standard output cannot be written: ${error.message}\n`)
  process.exit(1)
}

function processIo(): CliIo {
  const require = createRequire(import.meta.url)
  const { version } = require('virtpoll/package.json') as { version: string }
  process.stdout.on('error', endWhenDataIsLost)
  process.stderr.on('error', () => undefined)
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    interactive: process.stdout.isTTY,
    cwd: process.cwd(),
    hostName: hostname(),
    packageFolder: dirname(require.resolve('virtpoll/package.json')),
    version,
    // systemd separates several by colons
    runtimeFolder: process.env['RUNTIME_DIRECTORY']?.split(':', 1)[0],
    onSignal(signal, listener) {
      process.on(signal, listener)
      return () => process.off(signal, listener)
    },
  }
}

/** How long the end of the process may be held up by a reader of the log that reads no more. */
const stderrGraceMs = 1000

/** Node queues what a pipe does not take at once, and process.exit throws the queue away. */
async function everythingWritten(): Promise<void> {
  await written(process.stdout)
  await Promise.race([written(process.stderr), setTimeout(stderrGraceMs)])
}

function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => {
      resolve()
    })
  })
}

/**
 * Runs one command line as this process and ends the process with the command's exit code, also while libvirt calls
 * hang. Nothing else ends the process. Data that a slow reader has yet to take is waited for.
 */
export async function main(args: readonly string[]): Promise<never> {
  let code = 1
  compileLater()
  try {
    code = await runCli(args, processIo())
  } catch (error) {
    process.stderr.write(`virtpoll failed in a way it does not know; please report this:\n`)
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  }
  await everythingWritten()
  process.exit(code)
}
