import { pino, type Logger } from 'pino'

export type { Logger } from 'pino'

export interface LogOptions {
  readonly level: string
  /** `json`: one JSON object a line. `text`: for a person at a terminal. */
  readonly format: 'json' | 'text'
}

/** Where log lines go; process.stderr fits. */
export interface LogSink {
  write(line: string): unknown
  /** Bytes that nobody has taken yet; default none. */
  readonly writableLength?: number
}

/** While more than this waits for somebody who does not read, lines are dropped. */
const mostWaitingBytes = 4 * 1024 * 1024

/**
 * The process's log. Errors are written under `err` with type, message, code, details and causes; secrets never
 * reach it because nothing that holds one is ever logged. Lines that nobody takes wait, up to 4 MiB; those beyond are
 * dropped, and the first that is written again says how many.
 */
export async function createLogger(options: LogOptions, sink: LogSink): Promise<Logger> {
  const stream = options.format === 'text' ? await textStream(sink) : sink
  let dropped = 0
  const write = (line: string): void => {
    if ((sink.writableLength ?? 0) > mostWaitingBytes) {
      dropped += 1
      return
    }
    const lines = dropped
    dropped = 0
    if (lines > 0)
      log.error({ lines }, 'log lines dropped: standard error was not read; see who reads the log')
    stream.write(line)
  }
  const log = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: pino.stdSerializers.errWithCause },
    },
    { write },
  )
  return log
}

async function textStream(sink: LogSink): Promise<LogSink> {
  const { prettyFactory } = await import('pino-pretty')
  const pretty = prettyFactory({ colorize: false, translateTime: 'SYS:HH:MM:ss', singleLine: true })
  return { write: (line) => sink.write(pretty(line)) }
}
