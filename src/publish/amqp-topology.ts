import type { ConfirmChannel } from 'amqplib'
import { DestinationError } from '../errors.js'
import type { RabbitOptions } from './rabbit-options.js'

/** What a publisher declares, as oslo.messaging's publisher and listener both do; they must declare the same. */
export interface Topology {
  readonly exchange: string
  /** `<topic>.sample` for each topic. Queue name and routing key in one. */
  readonly queues: readonly string[]
  readonly durable: boolean
  readonly autoDelete: boolean
  /** The queues' arguments. */
  readonly arguments: Readonly<Record<string, string | number>>
}

export interface TopologyOptions {
  readonly exchange: string
  readonly topics: readonly string[]
  /** `amqp_durable_queues` and `rabbit_quorum_queue` of the configuration; what the URL says wins. */
  readonly durable: boolean
  readonly quorum: boolean
}

/** The priority of samples; the only one a polling agent sends. */
const priority = 'sample'

/**
 * Durable, auto-delete and arguments as oslo.messaging derives them from its options: a quorum queue is durable, and
 * so is its exchange then; auto-delete goes for both.
 */
export function topologyOf(options: TopologyOptions, url: RabbitOptions): Topology {
  const quorum = url.rabbit_quorum_queue ?? options.quorum
  const durable = url.amqp_durable_queues ?? options.durable
  return {
    exchange: options.exchange,
    queues: options.topics.map((topic) => `${topic}.${priority}`),
    durable: durable || quorum,
    autoDelete: url.amqp_auto_delete,
    arguments: {
      ...(url.rabbit_ha_queues ? { 'x-ha-policy': 'all' } : {}),
      ...(quorum ? { 'x-queue-type': 'quorum', ...quorumLimits(url) } : {}),
    },
  }
}

function quorumLimits(url: RabbitOptions): Record<string, number> {
  const limits = {
    'x-delivery-limit': url.rabbit_quorum_delivery_limit,
    'x-max-in-memory-length': url.rabbit_quorum_max_memory_length,
    'x-max-in-memory-bytes': url.rabbit_quorum_max_memory_bytes,
  }
  return Object.fromEntries(Object.entries(limits).filter(([, limit]) => limit > 0))
}

/**
 * Declares exchange, queues and bindings; harmless when they exist as declared. When they exist in another way, the
 * broker closes the channel: see `declarationFault`.
 */
export async function declareTopology(channel: ConfirmChannel, topology: Topology): Promise<void> {
  const { exchange, queues, durable, autoDelete } = topology
  await channel.assertExchange(exchange, 'topic', { durable, autoDelete })
  for (const queue of queues) {
    // amqplib takes a queue for durable when it is not told.
    await channel.assertQueue(queue, { durable, autoDelete, arguments: topology.arguments })
    await channel.bindQueue(queue, exchange, queue)
  }
}

/** AMQP's classes of methods on exchanges and on queues, and the reply code for one that exists in another way. */
const declarationClasses: readonly unknown[] = [40, 50]
const preconditionFailed = 406

const fullAdvice =
  'set publisher.durable and publisher.quorum (or amqp_durable_queues, rabbit_quorum_queue and amqp_auto_delete in the ' +
  'transport URL) as the consumers have them, or delete it at the broker if nobody needs it as it is'

/**
 * What amqplib throws or emits when the broker refuses a declaration, as an error that names both sides; undefined
 * when it is about anything else.
 */
export function declarationFault(
  error: Error,
  topology: Topology,
  where: string,
): DestinationError | undefined {
  const { code, classId } = error as { code?: unknown; classId?: unknown }
  if (typeof code !== 'number' || !declarationClasses.includes(classId)) return undefined
  const { durable, autoDelete } = topology
  const ours = `durable=${String(durable)}, auto_delete=${String(autoDelete)}, arguments ${JSON.stringify(topology.arguments)}`
  return new DestinationError(
    'BROKER_REFUSED',
    `broker ${where} refuses a declaration: virtpoll declares exchange ${topology.exchange} and queues ` +
      `${topology.queues.join(', ')} with ${ours}; the broker says: ${error.message}; ` +
      (code === preconditionFailed ? fullAdvice : 'check the permissions of the user'),
    { details: { broker: where, reply: code }, cause: error },
  )
}
