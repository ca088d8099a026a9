#!/bin/sh
# Fails with advice unless Node and npm are there and new enough.
wanted='virtpoll needs Node 20.19 or newer with its npm'
advice='see https://nodejs.org/en/download (Debian 12 packages Node 18, which is too old)'
command -v node >/dev/null || { echo "$wanted, and there is no node in PATH; $advice" >&2; exit 1; }
command -v npm >/dev/null || { echo "$wanted, and there is no npm in PATH; $advice" >&2; exit 1; }
node -e '
  const [major, minor] = process.versions.node.split(".").map(Number)
  process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)
' || { echo "$wanted, and $(command -v node) is $(node --version); $advice" >&2; exit 1; }
