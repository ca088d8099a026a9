/** Parts of docs/config.md that no schema of this room holds; tests hold them to the code. */

export const transportUrlText = `### Options of the transport URL

\`rabbit://user:password@host:5672/virtual-host?ssl=true&ssl_ca_file=/etc/ssl/broker.pem\`: what oslo.messaging's group
\`[oslo_messaging_rabbit]\` sets stands in the query here, under the same names. Several hosts stand between commas, each
with its own login. Defaults are oslo.messaging's but for one, \`ssl_enforce_hostname_verification\`.

| option | default | what it does |
| --- | --- | --- |
| \`ssl\` | \`false\` | TLS. The port stays 5672 unless the URL names another |
| \`ssl_ca_file\` | none | a PEM file of authorities; one of them must have signed the broker's certificate. None: the authorities that Node.js goes by |
| \`ssl_enforce_hostname_verification\` | \`true\` | whether the certificate must be for the host that the URL names. \`false\` leaves out that check and no other |
| \`ssl_cert_file\`, \`ssl_key_file\` | none | PEM files of a client certificate and its key; both or none |
| \`ssl_version\` | \`SSLv23\` | \`TLSv1\`, \`TLSv1_1\` or \`TLSv1_2\`: that version only. \`SSLv23\`: whatever both sides can do |
| \`ssl_enforce_fips_mode\` | \`false\` | \`true\` is refused: Node.js has this mode for a whole process only |
| \`rabbit_login_method\` | \`AMQPLAIN\` | or \`PLAIN\`, or \`EXTERNAL\`, which needs TLS and a client certificate |
| \`heartbeat_timeout_threshold\` | \`60\` | seconds of AMQP's heartbeat; 0 turns it off. A confirm is waited for as long, 60 seconds with 0 |
| \`kombu_reconnect_delay\` | \`1\` | seconds before a lost connection is made again; 4.5 at most |
| \`rabbit_retry_interval\` | \`1\` | seconds to wait after all hosts failed |
| \`rabbit_retry_backoff\` | \`2\` | seconds that each further failure adds |
| \`rabbit_interval_max\` | \`30\` | the most seconds to wait. The last quarter of each wait is left to chance |
| \`kombu_failover_strategy\` | \`round-robin\` | or \`shuffle\`. Either way hosts are tried in a new random order at every connection |
| \`kombu_compression\` | none | \`gzip\` or \`zlib\`: messages are compressed, both in the same way |
| \`amqp_durable_queues\` | \`publisher.durable\` | durable exchange and queues |
| \`rabbit_quorum_queue\` | \`publisher.quorum\` | quorum queues; they and their exchange are durable |
| \`amqp_auto_delete\` | \`false\` | exchange and queues that the broker deletes when nobody uses them any more |
| \`rabbit_ha_queues\` | \`false\` | the argument \`x-ha-policy: all\`; not together with quorum queues |
| \`rabbit_quorum_delivery_limit\` | \`0\` | the argument \`x-delivery-limit\` of quorum queues; 0 for none |
| \`rabbit_quorum_max_memory_length\`, \`rabbit_quroum_max_memory_length\` | \`0\` | the argument \`x-max-in-memory-length\` of quorum queues; 0 for none |
| \`rabbit_quorum_max_memory_bytes\`, \`rabbit_quroum_max_memory_bytes\` | \`0\` | the argument \`x-max-in-memory-bytes\` of quorum queues; 0 for none |

\`amqp_durable_queues\` and \`rabbit_quorum_queue\` win over \`publisher.durable\` and \`publisher.quorum\`. They and the other
options of exchange and queue must equal those of the consumers.

What only consumers and callers make use of is checked, left alone and named in a warning: \`heartbeat_rate\`,
\`heartbeat_in_pthread\`, \`kombu_missing_consumer_retry_timeout\`, \`kombu_reconnect_splay\`, \`rabbit_transient_queues_ttl\`,
\`rabbit_transient_quorum_queue\`, \`rabbit_qos_prefetch_count\`, \`rabbit_stream_fanout\`, \`direct_mandatory_flag\`,
\`enable_cancel_on_failover\`, \`use_queue_manager\`, \`hostname\`, \`processname\`, \`rpc_conn_pool_size\`, \`conn_pool_min_size\`,
\`conn_pool_ttl\`.

Any other option is a fault, and so is a value that cannot be meant: \`virtpoll check\` says which, and the agent does not
start. An option without a value counts as not given.`

export const ceilometerConfText = `## From ceilometer.conf

virtpoll does not read \`ceilometer.conf\`. What a compute agent makes use of in it has its place in \`agent.yaml\`:

| ceilometer.conf | agent.yaml | remarks |
| --- | --- | --- |
| \`[DEFAULT] host\` | \`host\` | |
| \`[DEFAULT] libvirt_uri\` | \`libvirt.uri\` | empty there: the URI that belongs to \`libvirt_type\` |
| \`[DEFAULT] libvirt_type\` | \`libvirt.uri\` | kvm and qemu: \`qemu:///system\`; lxc: \`lxc:///\` |
| \`[DEFAULT] transport_url\` | \`publisher.transport_url\` | unless \`[oslo_messaging_notifications] transport_url\` is set: that one wins |
| \`[DEFAULT] control_exchange\` | \`publisher.exchange\` | ceilometer's own default is \`ceilometer\`, whatever a comment in the file says |
| \`[DEFAULT] sample_source\` | \`samples.source\` | |
| \`[DEFAULT] reserved_metadata_namespace\`, \`_length\`, \`_keys\` | \`samples.reserved_metadata_namespace\`, \`samples.reserved_metadata_length\`, \`samples.reserved_metadata_keys\` | checked and without effect; lists of YAML, not texts with commas |
| \`[DEFAULT] debug\`, \`use_json\` | \`log.level\`, \`log.format\` | \`debug: true\` is \`level: debug\` |
| \`[DEFAULT] log_file\`, \`log_dir\`, \`use_syslog\`, \`use_journal\` | none | the log goes to standard error, for systemd or whoever starts the agent |
| \`[polling] cfg_file\` | \`polling.file\` | |
| \`[polling] batch_size\` | \`polling.batch_size\` | \`polling.batch_bytes\` bounds a notification too |
| \`[polling] identity_name_discovery\`, \`[cache]\` | \`samples.names\` | names come from the XML of the domain; nobody is asked, so nothing is cached |
| \`[polling] pollsters_definitions_dirs\` | none | pollsters defined in YAML do not exist here; \`polling.pollsters\` names files of code |
| \`[polling] enable_prometheus_exporter\`, \`prometheus_listen_addresses\` | none | \`http.listen\` serves the agent's own metrics, no samples |
| \`[polling] heartbeat_socket_dir\` | none | \`/healthz\` on \`http.listen\` |
| \`[polling] threads_to_process_pollsters\` | none | one look at all domains serves every pollster; \`libvirt.max_calls\` bounds its calls |
| \`[polling] partitioning_group_prefix\`, \`[coordination]\` | none | an agent polls its own host only |
| \`[compute] instance_discovery_method\` | none | always as \`libvirt_metadata\`; the other methods ask Nova |
| \`[compute] resource_update_interval\`, \`resource_cache_expiry\` | none | they go for the methods that ask Nova; here every cycle lists the domains |
| \`[compute] report_stopped_instance_metrics\` | \`polling.report_stopped_instances\` | |
| \`[compute] fetch_extra_metadata\` | none | Nova is not asked |
| \`[publisher] telemetry_secret\` | \`publisher.telemetry_secret\` | |
| \`[publisher_notifier] telemetry_driver\` | \`publisher.driver\` | \`messagingv2\`, \`messaging\`, \`log\` and \`noop\` |
| \`[publisher_notifier] metering_topic\`, \`event_topic\` | none | a polling agent does not use them; its topics are those of \`[oslo_messaging_notifications]\` |
| \`[oslo_messaging_notifications] transport_url\` | \`publisher.transport_url\` | |
| \`[oslo_messaging_notifications] topics\` | \`publisher.topics\` | |
| \`[oslo_messaging_notifications] driver\` | none | \`telemetry_driver\` goes before it |
| \`[oslo_messaging_notifications] retry\` | none | tried until confirmed; \`outbox.max_age_seconds\` and \`outbox.max_bytes\` bound that |
| \`[oslo_messaging_rabbit]\` | \`publisher.transport_url\` | under the same names in the query of the URL, see [above](#options-of-the-transport-url); \`amqp_durable_queues\` and \`rabbit_quorum_queue\` are also \`publisher.durable\` and \`publisher.quorum\` |
| \`[notification]\` | none | of the notification agent, its \`batch_size\` included |
| \`[service_credentials]\`, \`[service_types]\` | none | no API of the cloud is asked |

\`[DEFAULT] hypervisor_inspector\` is always libvirt here and \`polling_namespaces\` always compute; the groups for IPMI,
VMware, RADOS gateways, events and meters from notifications belong to agents that virtpoll is none of.`
