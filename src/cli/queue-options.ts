import { isAmqp } from '../config/destinations.js'
import type { EffectiveOption } from '../config/effective.js'
import type { PublisherOptions } from '../config/options.js'
import { topologyOf } from '../publish/amqp-topology.js'
import { parseTransportUrl } from '../publish/transport-url.js'

/** The options of a publisher that its transport URL may set too, and what they are called there. */
const namesInUrl = { durable: 'amqp_durable_queues', quorum: 'rabbit_quorum_queue' } as const

const queueOptions = ['durable', 'quorum'] as const

type QueueOption = (typeof queueOptions)[number]

/** The options as the publishers go by them: where a transport URL says something of its queues, that goes first. */
export function withTransportUrls(
  effective: readonly EffectiveOption[],
  publishers: readonly PublisherOptions[],
): readonly EffectiveOption[] {
  return effective.map((option) => {
    const [section, index] = option.path
    const key = queueOptions.find((one) => one === option.path.at(-1))
    const publisher = publishers[typeof index === 'number' ? index : 0]
    if (section !== 'publisher' || key === undefined || publisher === undefined) return option
    const value = saidByUrl(publisher, key)
    return value === undefined
      ? option
      : { ...option, value, origin: `${namesInUrl[key]} of the transport URL` }
  })
}

/** What to know of publishers whose queues do not outlive a restart of the broker. */
export function durabilityNotes(publishers: readonly PublisherOptions[]): readonly string[] {
  return [...new Set(publishers.filter(isTransient).map(durabilityNote))]
}

function isTransient(publisher: PublisherOptions): boolean {
  return (
    isAmqp(publisher) && !topologyOf(publisher, parseTransportUrl(publisher.transportUrl).options).durable
  )
}

function durabilityNote(publisher: PublisherOptions): string {
  const overruled = queueOptions.find((key) => publisher[key] && saidByUrl(publisher, key) === false)
  const [reason, remedy] =
    overruled === undefined
      ? [' (the default, as oslo.messaging has it)', 'publisher.durable or publisher.quorum change that']
      : ['', `the transport URL sets ${namesInUrl[overruled]}, which goes before publisher.${overruled}`]
  return (
    `the queue is not durable${reason}: what waits in it is lost when the broker restarts; ${remedy}, and the ` +
    'consumers must be set alike'
  )
}

/** Undefined where the URL leaves it to the option. */
function saidByUrl(publisher: PublisherOptions, key: QueueOption): boolean | undefined {
  return isAmqp(publisher) ? parseTransportUrl(publisher.transportUrl).options[namesInUrl[key]] : undefined
}
