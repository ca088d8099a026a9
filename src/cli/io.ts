import type { Surroundings } from '../agents/configuration.js'

/** What a command may touch of the process it runs in; main.ts hands it in. */
export interface CliIo extends Surroundings {
  /** Data, and nothing else. */
  readonly stdout: Output
  /** Everything that is not data. */
  readonly stderr: Output
  /** Whether stdout is a terminal; decides the default format. */
  readonly interactive: boolean
  /** Calls back on each arrival of the signal; returns what unsubscribes. */
  onSignal(signal: 'SIGTERM' | 'SIGINT' | 'SIGHUP', listener: () => void): () => void
}

export interface Output {
  write(text: string): unknown
}
