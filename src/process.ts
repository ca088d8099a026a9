import { createRequire } from 'node:module'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { runCli } from './cli/program.js'
import type { CliIo } from './cli/io.js'

/** A reader that went away, as in `poll-once | head`, is no fault of ours. */
function endQuietlyWithoutReader(error: NodeJS.ErrnoException): void {
  process.exit(error.code === 'EPIPE' ? 0 : 1)
}

function processIo(): CliIo {
  const require = createRequire(import.meta.url)
  const { version } = require('virtpoll/package.json') as { version: string }
  process.stdout.on('error', endQuietlyWithoutReader)
  process.stderr.on('error', endQuietlyWithoutReader)
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    interactive: process.stdout.isTTY,
    cwd: process.cwd(),
    hostName: hostname(),
    packageFolder: dirname(require.resolve('virtpoll/package.json')),
    version,
    onSignal(signal, listener) {
      process.on(signal, listener)
      return () => process.off(signal, listener)
    },
  }
}

/**
 * Runs one command line as this process and ends the process with the command's exit code, also while libvirt calls
 * hang. Nothing else ends the process.
 */
export async function main(args: readonly string[]): Promise<never> {
  try {
    process.exit(await runCli(args, processIo()))
  } catch (error) {
    process.stderr.write(`virtpoll failed in a way it does not know; please report this:\n`)
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    process.exit(1)
  }
}
