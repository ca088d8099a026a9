#!/bin/bash
# install-packages.sh build|test|bench: installs those Debian packages that are missing, and says which.  `build` is
# what compiling and the demo need, `test` adds the real peers of the tests, `bench` those that only the benchmark
# compares with.  Starts no service.
set -euo pipefail

build=(g++ libvirt-dev make pkg-config python3)
test=(
  ceilometer-agent-compute ceilometer-agent-notification python3-ceilometer python3-gnocchi python3-libvirt
  python3-oslo.messaging
  libvirt-clients libvirt-daemon-system qemu-system-x86 qemu-utils rabbitmq-server
  clang-format cpio faketime iproute2 procps systemd
)
bench=(prometheus-libvirt-exporter)
case ${1:-} in
  build) wanted=("${build[@]}") ;;
  test) wanted=("${build[@]}" "${test[@]}") ;;
  bench) wanted=("${build[@]}" "${test[@]}" "${bench[@]}") ;;
  *) echo "usage: $0 build|test|bench" >&2; exit 2 ;;
esac

if ! command -v apt-get >/dev/null; then
  echo "This machine has no apt-get, so nothing is installed. Needed, by their names in Debian: ${wanted[*]}" >&2
  exit 0
fi

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

missing=()
for package in "${wanted[@]}"; do installed "$package" || missing+=("$package"); done
[ ${#missing[@]} -gt 0 ] || exit 0

echo "Installing Debian packages that are missing: ${missing[*]}"
as_root=()
if [ "$(id -u)" != 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "That needs root, and there is no sudo. As root, run: apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi

# Debian starts a service when its package is installed, unless this file says no.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap '"${as_root[@]}" rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
  "${as_root[@]}" chmod 755 "$policy"
fi
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y
  -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300)
"${apt[@]}" update || echo "apt-get update failed; trying with the package lists that are there" >&2
"${apt[@]}" install --no-install-recommends "${missing[@]}" </dev/null
if [ "$1" != build ] && [ -d /run/systemd/system ]; then
  echo "No service was started now. At the next boot Debian starts those among the new packages; to keep them off:"
  echo "  systemctl disable libvirtd rabbitmq-server ceilometer-agent-compute ceilometer-agent-notification"
fi
