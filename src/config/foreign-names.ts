/** Where the figures of a name that this agent does not have come from nowadays. */
interface ForeignMeters {
  /** Tested against the start of a pattern, up to its first wildcard. */
  readonly names: RegExp
  readonly advice: string
}

/** Meters of ceilometer's other agents, and those it retired: files from the field list them. */
const foreignMeters: readonly ForeignMeters[] = [
  {
    names: /^hardware\.ipmi\./,
    advice: "it is a meter of ceilometer's IPMI agent, not of a compute agent; remove it here",
  },
  {
    names: /^hardware\./,
    advice:
      'it was an SNMP meter and is gone from ceilometer; remove it (node_exporter watches the host itself)',
  },
  {
    names: /^(?:volume|image|storage|radosgw|rgw|ip|port|switch|identity|network\.services|dns|manila)\b/,
    advice: "it is a meter of ceilometer's central agent, which polls the APIs; remove it here",
  },
  {
    names: /^compute\./,
    advice: 'it comes from notifications of Nova, not from polling; remove it here',
  },
  {
    names: /^disk\.(?:read|write|capacity|allocation|usage|latency|iops)\b/,
    advice: 'ceilometer retired the sums over all disks of an instance; use disk.device.* and add them up',
  },
  {
    names: /^(?:disk\.device\.(?:read|write)\.(?:bytes|requests)\.rate|cpu\.delta)\b/,
    advice:
      'ceilometer retired it; use the cumulative meter without the last word, and derive the rate where it is stored',
  },
  {
    names: /^instance\b/,
    advice: 'ceilometer retired it; power.state has one sample for each instance',
  },
]

/** What to do about a meter of another agent or time; undefined for a name that nobody ever had. */
export function foreignMeterAdvice(pattern: string): string | undefined {
  const start = pattern.replace(/[*?[].*$/s, '')
  return foreignMeters.find(({ names }) => names.test(start))?.advice
}

/** Discoveries of ceilometer's other agents; on a compute agent they give nothing. */
const foreignDiscoveries = new Set([
  ...['alarm', 'barbican', 'dns_zones', 'endpoint', 'fip_services', 'fw_policy', 'fw_services', 'images'],
  ...['ipsec_connections', 'lb_services', 'local_node', 'manila_shares', 'tenant', 'volume_backups'],
  ...['volume_pools', 'volume_services', 'volume_snapshots', 'volumes', 'vpn_services'],
])

export function isForeignDiscovery(name: string): boolean {
  return foreignDiscoveries.has(name)
}
