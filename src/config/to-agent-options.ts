import { parseListen } from './option-texts.js'
import type { AgentOptions } from './options.js'
import type { ResolvedSettings } from './resolve-settings.js'

/** The options as the other rooms read them, from the settings as the file names them. */
export function toAgentOptions(file: string | undefined, settings: ResolvedSettings): AgentOptions {
  const { libvirt, discovery, polling, samples, outbox, http, log } = settings
  return {
    file,
    host: settings.host,
    libvirt: {
      uri: libvirt.uri,
      callTimeoutSeconds: libvirt.call_timeout_seconds,
      maxCalls: libvirt.max_calls,
      diskInfo: libvirt.disk_info,
    },
    discovery: { unmanaged: discovery.unmanaged, xmlRefreshSeconds: discovery.xml_refresh_seconds },
    polling: toPolling(polling),
    samples: {
      source: samples.source,
      names: samples.names,
      reservedMetadataNamespace: samples.reserved_metadata_namespace,
      reservedMetadataLength: samples.reserved_metadata_length,
      reservedMetadataKeys: samples.reserved_metadata_keys,
    },
    publishers: settings.publishers.map(toPublisher),
    outbox: {
      directory: outbox.directory,
      maxBytes: outbox.max_bytes,
      maxAgeSeconds: outbox.max_age_seconds,
      order: outbox.order,
    },
    http: http.listen === null ? null : (parseListen(http.listen) ?? null),
    log,
  }
}

function toPolling(polling: ResolvedSettings['polling']): AgentOptions['polling'] {
  return {
    file: polling.file,
    pollsters: polling.pollsters,
    computedMeters: polling.computed_meters,
    batchSize: polling.batch_size,
    batchBytes: polling.batch_bytes,
    reportStoppedInstances: polling.report_stopped_instances,
    scheduleTimezone: polling.schedule_timezone,
  }
}

function toPublisher(publisher: ResolvedSettings['publishers'][number]): AgentOptions['publishers'][number] {
  return {
    driver: publisher.driver,
    transportUrl: publisher.transport_url,
    exchange: publisher.exchange,
    topics: publisher.topics,
    publisherId: publisher.publisher_id,
    telemetrySecret: publisher.telemetry_secret,
    durable: publisher.durable,
    quorum: publisher.quorum,
    path: publisher.path ?? undefined,
  }
}
