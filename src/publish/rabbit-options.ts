/**
 * The options that oslo.messaging's `[oslo_messaging_rabbit]` group has and a transport URL may set in its query.
 * Names, meanings and defaults are oslo.messaging's, save `ssl_enforce_hostname_verification`, which is on here.
 */

interface OptionType<T> {
  readonly fallback: T
  /** What a value must look like, as the end of the sentence "… must be". */
  readonly expects: string
  /** Undefined when the text does not fit. */
  read(text: string): T | undefined
}

/** The words of oslo.config. */
const words: Readonly<Record<string, boolean>> = {
  true: true,
  1: true,
  on: true,
  yes: true,
  false: false,
  0: false,
  off: false,
  no: false,
}

const boolean = <F extends boolean | undefined>(fallback: F): OptionType<boolean | F> => ({
  fallback,
  expects: 'true or false',
  read: (text) => words[text.trim().toLowerCase()],
})

const number = (fallback: number, least: number, most = Infinity): OptionType<number> => ({
  fallback,
  expects: `a number of at least ${least}${most === Infinity ? '' : ` and at most ${most}`}`,
  read: (text) => {
    const value = /^\s*\+?\d+(\.\d+)?\s*$/.test(text) ? Number(text) : NaN
    return value >= least && value <= most ? value : undefined
  },
})

const integer = (fallback: number, least = 0): OptionType<number> => ({
  fallback,
  expects: `a whole number of at least ${least}`,
  read: (text) => {
    const value = /^\s*\+?\d+\s*$/.test(text) ? Number(text) : NaN
    return value >= least ? value : undefined
  },
})

const text: OptionType<string | undefined> = {
  fallback: undefined,
  expects: 'text',
  read: (value) => value,
}

/** One of several words in any case, and what each stands for. */
const oneOf = <T extends string, F extends T | undefined>(
  choices: Readonly<Record<string, T>>,
  fallback: F,
): OptionType<T | F> => ({
  fallback,
  expects: `one of ${Object.keys(choices).join(', ')}`,
  read: (value) => Object.entries(choices).find(([word]) => word.toLowerCase() === value.toLowerCase())?.[1],
})

/** What only the listening or calling side of oslo.messaging makes use of. Checked, then left alone. */
const unused = {
  heartbeat_rate: integer(3),
  heartbeat_in_pthread: boolean(false),
  kombu_missing_consumer_retry_timeout: integer(60),
  kombu_reconnect_splay: number(0, 0),
  rabbit_transient_queues_ttl: integer(1800, 1),
  rabbit_transient_quorum_queue: boolean(false),
  rabbit_qos_prefetch_count: integer(0),
  rabbit_stream_fanout: boolean(false),
  direct_mandatory_flag: boolean(true),
  enable_cancel_on_failover: boolean(false),
  use_queue_manager: boolean(false),
  hostname: text,
  processname: text,
  rpc_conn_pool_size: integer(30, 1),
  conn_pool_min_size: integer(2),
  conn_pool_ttl: integer(1200),
} as const

const used = {
  ssl: boolean(false),
  /** `SSLv23` is oslo.messaging's word for whatever both sides can do. */
  ssl_version: oneOf(
    { SSLv23: 'negotiated', TLSv1: 'TLSv1', TLSv1_1: 'TLSv1.1', TLSv1_2: 'TLSv1.2' } as const,
    'negotiated',
  ),
  ssl_ca_file: text,
  ssl_cert_file: text,
  ssl_key_file: text,
  ssl_enforce_hostname_verification: boolean(true),
  /** Node.js has FIPS mode for a whole process only, so it cannot be asked for here. */
  ssl_enforce_fips_mode: oneOf({ false: 'off', 0: 'off', no: 'off', off: 'off' } as const, 'off'),
  /** Seconds; 0 turns heartbeats off. */
  heartbeat_timeout_threshold: integer(60),
  /** Seconds before a lost connection is made again. */
  kombu_reconnect_delay: number(1, 0, 4.5),
  kombu_compression: oneOf({ gzip: 'gzip', zlib: 'gzip' } as const, undefined),
  /** Either way the hosts are tried in a new random order at every connection, each once a round. */
  kombu_failover_strategy: oneOf(
    { 'round-robin': 'round-robin', shuffle: 'shuffle' } as const,
    'round-robin',
  ),
  rabbit_login_method: oneOf(
    { PLAIN: 'PLAIN', AMQPLAIN: 'AMQPLAIN', EXTERNAL: 'EXTERNAL' } as const,
    'AMQPLAIN',
  ),
  /** Seconds before the second round of hosts, more for each further round, and the most. */
  rabbit_retry_interval: integer(1),
  rabbit_retry_backoff: integer(2),
  rabbit_interval_max: integer(30),
  /** Undefined where the URL says nothing, so that a setting outside the URL holds. */
  amqp_durable_queues: boolean(undefined),
  amqp_auto_delete: boolean(false),
  rabbit_ha_queues: boolean(false),
  rabbit_quorum_queue: boolean(undefined),
  /** 0: no such argument. */
  rabbit_quorum_delivery_limit: integer(0),
  rabbit_quorum_max_memory_length: integer(0),
  rabbit_quorum_max_memory_bytes: integer(0),
} as const

/** Spellings of other releases of oslo.messaging. */
const otherSpellings: Readonly<Record<string, string>> = {
  rabbit_quroum_max_memory_length: 'rabbit_quorum_max_memory_length',
  rabbit_quroum_max_memory_bytes: 'rabbit_quorum_max_memory_bytes',
}

/** Every name that a query may have, by what becomes of it. */
export const rabbitOptionNames = {
  used: [...Object.keys(used), ...Object.keys(otherSpellings)],
  unused: Object.keys(unused),
} as const

/** Every option, at its default where the URL does not set it. Keys are oslo.messaging's names. */
export type RabbitOptions = {
  readonly [Name in keyof typeof used]: (typeof used)[Name] extends OptionType<infer T> ? T : never
}

export interface ReadOptions {
  readonly options: RabbitOptions
  readonly warnings: readonly string[]
  /** The first fault; the options are of no use then. */
  readonly fault: string | undefined
}

/** Checks the options of a query against the tables. A value that is empty counts as not given, as in oslo.messaging. */
export function readRabbitOptions(query: ReadonlyMap<string, string>): ReadOptions {
  const options: Record<string, unknown> = {}
  for (const [name, type] of Object.entries(used)) options[name] = type.fallback
  const warnings: string[] = []
  let fault: string | undefined
  for (const [given, value] of query) {
    const name = otherSpellings[given] ?? given
    const type = find(name)
    if (type === undefined) fault ??= unknownOption(given)
    else if (type.read(value) === undefined) fault ??= `${given} must be ${type.expects}`
    else if (Object.hasOwn(unused, name)) warnings.push(`${given} is not used by a publisher`)
    else options[name] = type.read(value)
  }
  const read = options as RabbitOptions
  return { options: read, warnings, fault: fault ?? contradiction(read) }
}

function find(name: string): OptionType<unknown> | undefined {
  const types: Readonly<Record<string, OptionType<unknown>>> = { ...used, ...unused }
  return Object.hasOwn(types, name) ? types[name] : undefined
}

function contradiction(options: RabbitOptions): string | undefined {
  if (options.rabbit_quorum_queue === true && options.rabbit_ha_queues)
    return 'rabbit_quorum_queue and rabbit_ha_queues exclude each other; leave one out'
  if (options.rabbit_login_method === 'EXTERNAL' && !(options.ssl && options.ssl_cert_file !== undefined))
    return 'rabbit_login_method=EXTERNAL needs ssl=true and a client certificate in ssl_cert_file'
  if ((options.ssl_cert_file === undefined) !== (options.ssl_key_file === undefined))
    return 'ssl_cert_file and ssl_key_file go together; give both or none'
  return undefined
}

/** Never repeats what may be a piece of a password: an unescaped `?` in one makes the rest look like an option. */
function unknownOption(name: string): string {
  if (!/^[a-z_]+$/i.test(name))
    return 'the query has something that is no option; a "?" in a password must be written %3F'
  const [nearest] = [...Object.keys(used), ...Object.keys(unused)]
    .map((known) => ({ known, distance: editDistance(name.toLowerCase(), known) }))
    .sort((a, b) => a.distance - b.distance)
  const hint = nearest !== undefined && nearest.distance <= 4 ? `; did you mean ${nearest.known}?` : ''
  return `there is no option ${name}${hint}`
}

/** Levenshtein's: how many letters to change, add or leave out. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (const [line, letter] of Array.from(a).entries()) {
    const next = [line + 1]
    for (const [column, other] of Array.from(b).entries()) {
      const change = (row[column] ?? 0) + (letter === other ? 0 : 1)
      next.push(Math.min(change, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
