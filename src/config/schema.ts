import { choice, flag, list, number, orNull, text } from './kinds.js'
import type { Kind } from './kinds.js'
import { isTimeZone, parseListen, schemeFault, timeZoneHint } from './option-texts.js'

/** One option of agent.yaml. What stands here is what the reader checks and what the documentation says. */
export interface Option<T = unknown> {
  readonly kind: Kind<T>
  readonly fallback: T
  /** What it is, and what follows from changing it: sentences in Markdown. */
  readonly documentation: string
}

export type Options = Readonly<Record<string, Option>>

export interface Section {
  readonly documentation: string
  readonly options: Options
}

/** The checked values of a section, under the names of the file. */
export type Values<T extends Options> = { readonly [K in keyof T]: T[K] extends Option<infer V> ? V : never }

function option<T>(kind: Kind<T>, fallback: T, documentation: string): Option<T> {
  return { kind, fallback, documentation }
}

const path = text({ expected: 'the path of a file' })
const folder = text({ expected: 'the path of a folder' })

export const topOptions = {
  host: option(
    orNull(text({ expected: 'the name of this host' })),
    null,
    "The name that samples carry. Null: the host name of the operating system. It must equal Nova's `host` on this machine, or consumers see another host and `hostId` differs.",
  ),
}

export const libvirtOptions = {
  uri: option(
    text({ expected: 'a libvirt connection URI such as qemu:///system' }),
    'qemu:///system',
    'Where libvirt is. It is opened read-only; read access to its read-only socket is enough.',
  ),
  call_timeout_seconds: option(
    number({ least: 0.1, most: 3600, whole: false }),
    10,
    'How long one libvirt call may take. A call that takes longer is left alone, its domains are reported as stuck, and the other domains are asked again. Too short, and a busy host seems stuck; too long, and a stuck domain delays the cycle.',
  ),
  max_calls: option(
    number({ least: 1, most: 64 }),
    4,
    'libvirt calls at a time. More is faster on a large host and takes more of the workers that libvirtd shares with Nova.',
  ),
  disk_info: option(
    choice('exact', 'bulk'),
    'exact',
    'Where disk capacity, allocation and usage come from. `exact` asks for every disk by itself, as the original does; `bulk` takes them from the bulk statistics, which is cheaper and means other figures.',
  ),
}

export const discoveryOptions = {
  unmanaged: option(
    choice('skip', 'report'),
    'skip',
    "What becomes of domains without Nova's metadata. `report`: they give samples too, without user and project. On a cloud's host that is usually not wanted.",
  ),
  xml_refresh_seconds: option(
    number({ least: 10, most: 86_400 }),
    300,
    'The XML of a domain is read again when libvirt says that it changed, and after this time at the latest. Shorter costs calls; longer keeps an unannounced change out of the samples for longer.',
  ),
}

export const pollingOptions = {
  file: option(
    path,
    'polling.yaml',
    "The file that says what is polled when. Relative to this file's folder.",
  ),
  pollsters: option(
    list(path, { expected: 'a list of paths of pollster files' }),
    [],
    "Your own pollster files, loaded as the built-in ones are. Relative to this file's folder. They run with the agent's rights.",
  ),
  computed_meters: option(
    flag,
    false,
    'Whether wildcards in polling.yaml select the computed meters too (cpu_util, rates, iops, latency). Without it they are selected by their full names only.',
  ),
  batch_size: option(
    number({ least: 0, most: 100_000 }),
    50,
    'The most samples in a notification; 0 means one each. Large batches are fewer messages, and a greater loss when one is refused.',
  ),
  batch_bytes: option(
    number({ least: 1024, most: 134_217_728 }),
    1_048_576,
    'The most bytes of samples in a notification, whatever their number; a greater single sample goes by itself. Keep it below the largest message that the broker takes.',
  ),
  report_stopped_instances: option(
    flag,
    false,
    'Whether instances that are shut off are polled as well. They give the samples that need no running domain.',
  ),
  schedule_timezone: option(
    text({
      expected: 'a time zone such as UTC or Europe/Paris',
      check: (zone) => (isTimeZone(zone) ? undefined : `, which is unknown here${timeZoneHint(zone)}`),
    }),
    'UTC',
    'The time zone of the cron expressions in polling.yaml. In a zone with daylight saving a day has a missing or a double hour; UTC has none.',
  ),
}

export const sampleOptions = {
  source: option(text(), 'openstack', 'The `source` that samples carry.'),
  names: option(
    flag,
    true,
    'Whether samples carry `user_name` and `project_name`, from the XML of the domain. They are the names at the last change of the instance.',
  ),
  reserved_metadata_namespace: option(
    list(text(), { expected: 'a list of prefixes' }),
    ['metering.'],
    'Prefixes of the server metadata that becomes `user_metadata` of samples. Without effect, as are the next two: libvirt does not know the metadata of a server, so no sample has `user_metadata`, as with the original when it discovers by libvirt and does not ask Nova. They are checked, so that a configuration can be taken over.',
  ),
  reserved_metadata_length: option(
    number({ least: 0, most: 65_536 }),
    256,
    'The most characters of a text in `user_metadata`. Without effect, see `reserved_metadata_namespace`.',
  ),
  reserved_metadata_keys: option(
    list(text(), { expected: 'a list of keys' }),
    [],
    'Further keys of server metadata, by their full names. Without effect, see `reserved_metadata_namespace`.',
  ),
}

export const publisherOptions = {
  driver: option(
    choice('messagingv2', 'messaging', 'file', 'log', 'noop'),
    'messagingv2',
    'Where notifications go. `messagingv2` and `messaging`: RabbitMQ, in version 2 or 1 of the format of oslo.messaging. `file`: JSON lines in `path`. `log`: the log. `noop`: nowhere.',
  ),
  transport_url: option(
    text({
      expected: 'a transport URL such as rabbit://user:password@host:5672/',
      secret: true,
      check: schemeFault,
    }),
    'rabbit://guest:guest@127.0.0.1:5672/',
    'The broker, in the grammar of oslo.messaging: all hosts, the virtual host, and options such as `?ssl=true`. A secret. For the messaging drivers.',
  ),
  transport_url_file: option(
    orNull(path),
    null,
    "A file that holds the transport URL, instead of `transport_url`. Relative to this file's folder; a last line break is dropped. Only its owner should be able to read it.",
  ),
  exchange: option(
    text(),
    'ceilometer',
    'The topic exchange. It must be the one that the consumers bind their queues to (`control_exchange`).',
  ),
  topics: option(
    list(text({ expected: 'a topic' }), { expected: 'a list of topics', least: 1 }),
    ['notifications'],
    'Each notification goes to the queue `<topic>.sample` of every one of them.',
  ),
  publisher_id: option(text(), 'ceilometer.polling', 'The `publisher_id` of notifications.'),
  telemetry_secret: option(
    text({ secret: true, empty: true }),
    'change this for valid signing',
    'Signs every sample. A secret; it must equal that of the consumers, which throw samples with another signature away. Empty: no signature. The default is that of ceilometer, and known to everybody.',
  ),
  telemetry_secret_file: option(
    orNull(path),
    null,
    "A file that holds the secret, instead of `telemetry_secret`. Relative to this file's folder; a last line break is dropped. Only its owner should be able to read it.",
  ),
  durable: option(
    flag,
    false,
    'Durable exchange and queues (`amqp_durable_queues`). It must equal the setting of the consumers, or the broker refuses one of the two. False: a restart of the broker loses what lies in its queues.',
  ),
  quorum: option(
    flag,
    false,
    'Quorum queues (`rabbit_quorum_queue`). It must equal the setting of the consumers.',
  ),
  path: option(
    orNull(path),
    null,
    "The file of the driver `file`; required there, unused elsewhere. Relative to this file's folder.",
  ),
}

export const outboxOptions = {
  directory: option(
    folder,
    '/var/lib/virtpoll/outbox',
    'Where notifications wait until every publisher has them. One agent a folder; it has to be on a local disk that keeps what it is told to.',
  ),
  max_bytes: option(
    number({ least: 1_048_576, most: 1_099_511_627_776 }),
    1_073_741_824,
    'How many bytes may wait. Beyond them the oldest notifications are dropped and counted.',
  ),
  max_age_seconds: option(
    number({ least: 60, most: 31_536_000 }),
    86_400,
    'Notifications that waited longer are dropped and counted.',
  ),
  order: option(
    choice('oldest-first', 'newest-first'),
    'oldest-first',
    'What is sent first after an outage. Gnocchi discards measures older than the newest it has, so newest-first loses the outage there.',
  ),
}

export const httpOptions = {
  listen: option(
    orNull(
      text({
        expected: 'host:port, such as 127.0.0.1:9177 or [::1]:9177',
        check: (address) => (parseListen(address) === undefined ? '' : undefined),
      }),
      { switchesOff: true },
    ),
    '127.0.0.1:9177',
    'Where `/metrics` and `/healthz` are served. Null: nowhere. Port 0: any free one. There is no login: whoever reaches the address reads the figures.',
  ),
}

export const logOptions = {
  level: option(
    choice('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    'info',
    'The least important lines that are written. `debug` has a line for every instance, `silent` has none at all.',
  ),
  format: option(choice('json', 'text'), 'json', 'One JSON object a line, or text for people.'),
}

/** Every section in the order of the file. */
export const sections = {
  libvirt: { documentation: 'The connection to libvirt.', options: libvirtOptions },
  discovery: { documentation: 'Which instances there are.', options: discoveryOptions },
  polling: { documentation: 'What is polled, and how samples are packed.', options: pollingOptions },
  samples: { documentation: 'What every sample carries.', options: sampleOptions },
  publisher: {
    documentation:
      'Where samples go. A list of such mappings sends to each of them; two that lead to the same queue or file are an error, as every sample would be there twice.',
    options: publisherOptions,
  },
  outbox: { documentation: 'What waits for a publisher that is out of reach.', options: outboxOptions },
  http: { documentation: 'Metrics and health.', options: httpOptions },
  log: { documentation: "The agent's log, on standard error.", options: logOptions },
} as const satisfies Readonly<Record<string, Section>>
