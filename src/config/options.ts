/** The checked options of agent.yaml; names in TypeScript's case, units in the names. Frozen, every default filled in. */
export interface AgentOptions {
  /** Absolute path of the file the options came from; undefined when there was none and all are defaults. */
  readonly file: string | undefined
  /** The name samples carry as `instance_host`; must equal Nova's `host`. */
  readonly host: string
  readonly libvirt: {
    readonly uri: string
    readonly callTimeoutSeconds: number
    /** libvirt calls out at a time. */
    readonly maxCalls: number
    readonly diskInfo: 'exact' | 'bulk'
  }
  readonly discovery: {
    readonly unmanaged: 'skip' | 'report'
    readonly xmlRefreshSeconds: number
  }
  readonly polling: {
    /** Absolute path of polling.yaml. */
    readonly file: string
    /** Absolute paths of users' pollster files. */
    readonly pollsters: readonly string[]
    readonly computedMeters: boolean
    /** Most samples in a notification; 0 means one each. */
    readonly batchSize: number
    /** Most bytes of samples in a notification. */
    readonly batchBytes: number
    readonly reportStoppedInstances: boolean
    readonly scheduleTimezone: string
  }
  readonly samples: {
    readonly source: string
    /** Whether samples carry `user_name` and `project_name`. */
    readonly names: boolean
    readonly reservedMetadataNamespace: readonly string[]
    readonly reservedMetadataLength: number
    readonly reservedMetadataKeys: readonly string[]
  }
  /** At least one. */
  readonly publishers: readonly PublisherOptions[]
  readonly outbox: {
    readonly directory: string
    readonly maxBytes: number
    readonly maxAgeSeconds: number
    readonly order: 'oldest-first' | 'newest-first'
  }
  /** Null: no HTTP endpoint. */
  readonly http: { readonly host: string; readonly port: number } | null
  readonly log: { readonly level: LogLevel; readonly format: 'json' | 'text' }
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'

export interface PublisherOptions {
  /** `messaging` and `messagingv2` are oslo.messaging's version 1 and 2 over RabbitMQ. */
  readonly driver: 'messagingv2' | 'messaging' | 'file' | 'log' | 'noop'
  /** A secret. Grammar of oslo.messaging, all its hosts and options. */
  readonly transportUrl: string
  readonly exchange: string
  readonly topics: readonly string[]
  readonly publisherId: string
  /** A secret. Empty: samples carry an empty signature. */
  readonly telemetrySecret: string
  readonly durable: boolean
  readonly quorum: boolean
  /** Absolute path, for the driver `file`. */
  readonly path: string | undefined
}

/** One entry of polling.yaml. */
export interface Source {
  readonly name: string
  readonly schedule: Schedule
  /** `*`, `cpu`, `disk.*`, `!perf.*`: see meter-pattern.ts. */
  readonly meters: readonly string[]
  /** Names of discoveries; empty: each pollster's own. */
  readonly discovery: readonly string[]
}

export type Schedule =
  | { readonly kind: 'interval'; readonly seconds: number }
  | { readonly kind: 'cron'; readonly expression: string; readonly timeZone: string }

/** A fault or a remark, at its place in a file. Lines and columns count from 1. */
export interface Finding {
  readonly severity: 'error' | 'warning'
  /** `polling.yaml:3:15 sources[0].interval: expected a number of seconds, got "soon"` and what to do. */
  readonly text: string
}

export interface PollingFile {
  readonly file: string
  readonly sources: readonly Source[]
  readonly warnings: readonly Finding[]
}
