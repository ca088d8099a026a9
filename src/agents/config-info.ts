import type { AgentOptions } from '../config/options.js'

/** What of the configuration tells hosts apart that should be alike, as labels of a metric; nothing secret. */
export function configInfo({ libvirt, discovery, polling, publishers, outbox }: AgentOptions) {
  return {
    uri: libvirt.uri,
    unmanaged: discovery.unmanaged,
    computed_meters: String(polling.computedMeters),
    drivers: publishers.map(({ driver }) => driver).join(','),
    outbox_order: outbox.order,
  }
}
