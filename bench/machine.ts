import { execFileSync } from 'node:child_process'
import { cpus, totalmem } from 'node:os'
import type { MachineLine } from './lines.js'

const debianPackages = {
  libvirt: 'libvirt-daemon',
  qemu: 'qemu-system-x86',
  rabbitmq: 'rabbitmq-server',
  ceilometer: 'ceilometer-agent-compute',
  'prometheus-libvirt-exporter': 'prometheus-libvirt-exporter',
}

/** What this machine is; neither its name nor a path. */
export function machineLine(part: string): MachineLine {
  const processors = cpus()
  const versions = Object.entries(debianPackages).map(([name, debian]): [string, string] => [
    name,
    versionOf(debian),
  ])
  return {
    line: 'machine',
    part,
    time: new Date().toISOString(),
    commit: commit(),
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    versions: {
      node: process.versions.node,
      ...Object.fromEntries(versions.filter(([, version]) => version !== '')),
    },
  }
}

/** Empty when it is not installed. */
function versionOf(debianPackage: string): string {
  return outputOf('dpkg-query', ['-W', '-f', '${Version}', debianPackage])
}

/** With a `+` when something else than pages has changed since. */
function commit(): string {
  const changed =
    outputOf('git', ['status', '--porcelain', '--untracked-files=no', '--', '.', ':!docs']) !== ''
  return `${outputOf('git', ['rev-parse', '--short', 'HEAD']) || 'unknown'}${changed ? '+' : ''}`
}

function outputOf(program: string, args: readonly string[]): string {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return ''
  }
}
