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
}

/**
 * The process's log. Errors are written under `err` with type, message, code, details and causes; secrets never
 * reach it because nothing that holds one is ever logged.
 */
export async function createLogger(options: LogOptions, sink: LogSink): Promise<Logger> {
  const stream = options.format === 'text' ? await textStream(sink) : sink
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: pino.stdSerializers.errWithCause },
    },
    { write: (line) => void stream.write(line) },
  )
}

async function textStream(sink: LogSink): Promise<LogSink> {
  const { prettyFactory } = await import('pino-pretty')
  const pretty = prettyFactory({ colorize: false, translateTime: 'SYS:HH:MM:ss', singleLine: true })
  return { write: (line) => sink.write(pretty(line)) }
}
