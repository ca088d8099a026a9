#!/bin/bash
# Polls libvirt's built-in test hypervisor: one invented running domain, no daemon, no broker.
set -euo pipefail
cd "$(dirname "$0")/.."

poll() {
  printf '\n$ virtpoll poll-once %s\n\n' "$*"
  node bundle/src/main.js poll-once "$@"
}

cat <<'TEXT'

virtpoll polls libvirt's built-in test hypervisor, which invents one running domain. It is no Nova instance, so
--unmanaged asks for it. First a table of every meter that this hypervisor can give:
TEXT
poll --connect test:///default --unmanaged --meter '*' --format table

cat <<'TEXT'

The same for one meter, as the agent publishes it over RabbitMQ: a signed telemetry.polling notification.
TEXT
poll --connect test:///default --unmanaged --meter memory.resident --format notification
