import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { afterAll, afterEach, expect, test } from 'vitest'
import { everything, removeAgents, startAgent } from '../support/agent.js'
import { domainName, domainUuid, domainXml, novaMetadata } from '../support/domain-xml.js'
import { ledgerOf, recordFault } from '../support/fault-record.js'
import { faultScale } from '../support/fault-scale.js'
import { openLab } from '../support/lab.js'
import { parseSamples } from '../support/virsh-volumes.js'
import { builtMain, folderOf, runProgram, runVirtpoll } from '../support/virtpoll.js'

const execFileAsync = promisify(execFile)
const lab = openLab()
const ofOneGuest = 26
const mebibyte = 1024 * 1024

afterEach(async () => {
  await removeAgents()
  await lab.removeDomains()
})
afterAll(() => lab.removeDomains())

/** Peak memory of a process, MiB. */
function peakMebibytes(pid: number): number {
  const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kibibytes) / 1024
}

/** Foreign metadata beside Nova's, so many bytes of it. */
const padded = (bytes: number): string =>
  `${novaMetadata({})}<f:padding xmlns:f='urn:example:padding'>${'x'.repeat(bytes)}</f:padding>`

/** What the XML of such a domain comes to without its padding is less. */
const allowance = 8 * 1024

test('a domain with as much metadata as libvirt can send is polled like any other', async () => {
  await lab.createDomain({ number: 0xb31 }, 'paused')
  await lab.createDomain({ number: 0xb32, metadata: padded(4 * mebibyte - allowance) }, 'paused')
  const agent = await startAgent()
  expect(await agent.freshCycle()).toMatchObject({ instances: 2, samples: 2 * ofOneGuest })
  await agent.moreCycles(5)
  expect(agent.cycles().every(({ samples }) => samples === 2 * ofOneGuest)).toBe(true)
  expect(agent.complaints()).toEqual([])
  expect(peakMebibytes(agent.pid)).toBeLessThan(250)
  recordFault({ fault: 'domain with 4 MiB of metadata', ...ledgerOf(agent) })
})

test('a domain with more XML than libvirt can send costs itself alone, and is said once', async () => {
  await lab.createDomain({ number: 0xb33 }, 'paused')
  // libvirt takes it, and cannot send it, with what it adds, back.
  const metadata = padded(4 * mebibyte - 2200)
  const large = await lab.createDomain({ number: 0xb34, metadata, disks: [], vnics: [] }, 'paused')
  const { code, stdout, stderr } = await runVirtpoll(['poll-once', '--meter', '*'])
  expect([code, parseSamples(stdout).length]).toEqual([1, ofOneGuest])
  expect(stderr).toContain(`${large.name} left out: `)
  const agent = await startAgent()
  await agent.moreCycles(3)
  expect(agent.cycles().map(({ samples }) => samples)).toEqual(Array(agent.cycles().length).fill(ofOneGuest))
  expect(agent.complaints()).toMatchObject([{ msg: 'domain cannot be read', uuid: large.uuid }])
  await large.remove()
  await agent.freshCycle()
  expect(agent.complaints()).toHaveLength(1)
  recordFault({ fault: 'domain with more XML than libvirt can send', ...ledgerOf(agent) })
})

/** A file of libvirt's test driver. */
function testDriverXml(domains: number): string {
  const domain = (_: unknown, index: number): string =>
    `<domain type='test'><name>foreign-${index}</name><uuid>${domainUuid({ number: index })}</uuid><memory>8192</memory><vcpu>1</vcpu><os><type>hvm</type></os>
       <devices><disk type='file' device='disk'><source file='/f${index}'/><target dev='vda'/></disk></devices></domain>`
  return `<node>${Array.from({ length: domains }, domain).join('')}</node>`
}

/** Runs a command and ends with its exit code; the last line of standard error is the command's peak memory in KiB. */
const measured = `
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(code)
`

test('ten thousand foreign domains are left out, or polled when asked for, in bounded time and memory', async () => {
  const domains = 10_000
  // Every connection to the test driver reads its file anew, which takes seconds; few connections, and patience.
  const libvirt = { max_calls: 2, call_timeout_seconds: 60 }
  const cwd = await folderOf({ 'host.xml': testDriverXml(domains), 'agent.yaml': { libvirt } })
  const poll = async (...args: string[]) => {
    const fixed = ['--config', 'agent.yaml', '--connect', `test://${cwd}/host.xml`]
    const command = [process.execPath, builtMain, 'poll-once', ...fixed, ...args]
    const ended = await runProgram('python3', ['-c', measured, ...command], { cwd })
    return { ...ended, mebibytes: Number(ended.stderr.trimEnd().split('\n').at(-1)) / 1024 }
  }
  const skipping = await poll('--meter', '*')
  expect([skipping.code, skipping.stdout]).toEqual([0, ''])
  expect(skipping.stderr).toContain(`${domains} domains left out that Nova does not manage; --unmanaged`)
  const polling = await poll('--meter', 'vcpus', '--unmanaged')
  expect([polling.code, polling.stdout.trimEnd().split('\n').length]).toEqual([0, domains])
  // The test driver is a part of the process: each of three connections holds all domains, 11 KiB each.
  for (const { seconds, mebibytes } of [skipping, polling])
    expect([seconds < 60, mebibytes > 30, mebibytes < 750]).toEqual([true, true, true])
  recordFault({ fault: 'foreign domains', times: domains, expected: domains, received: domains })
  console.info(
    `${domains} foreign domains: left out in ${skipping.seconds.toFixed(1)} s and ${skipping.mebibytes.toFixed(0)} MiB, ` +
      `polled in ${polling.seconds.toFixed(1)} s and ${polling.mebibytes.toFixed(0)} MiB`,
  )
})

/** Defines domains that never run, many to a virsh. */
async function defineInactive(count: number): Promise<{ remove(): Promise<void> }> {
  const folder = '/var/lib/libvirt/images/inactive'
  await mkdir(folder, { recursive: true })
  const specs = Array.from({ length: count }, (_, index) => ({ number: 0x2000 + index }))
  for (const spec of specs) await writeFile(`${folder}/${domainName(spec)}.xml`, domainXml(spec))
  const each = async (command: (name: string) => string): Promise<void> => {
    const lines = specs.map((spec) => `${command(domainName(spec))};`).join('\n')
    await execFileAsync('virsh', ['--quiet', '--connect', 'qemu:///system', lines], { timeout: 300_000 })
  }
  await each((name) => `define ${folder}/${name}.xml`)
  return {
    async remove() {
      await each((name) => `undefine ${name}`)
      await rm(folder, { recursive: true })
    },
  }
}

test('a host full of domains that do not run costs a cycle no more calls, and says why they have no figures', async () => {
  const count = faultScale({ reduced: 300, full: 2000 })
  const running = await lab.createDomain({ number: 0xb35 }, 'paused')
  const few = await startAgent()
  const alone = await few.freshCycle()
  await few.stop()
  const inactive = await defineInactive(count)
  try {
    // The first cycle reads all XML.
    const interval = Math.max(2, count / 200)
    const agent = await startAgent({ polling: everything(interval) })
    await agent.line(({ msg }) => msg === 'cycle')
    await agent.moreCycles(3)
    const last = agent.cycles().at(-1)!
    expect(last).toMatchObject({ instances: count + 1, samples: ofOneGuest + 2 * count })
    expect(Object.keys(last.missing).sort()).toEqual(['no-data', 'shut-off'])
    // XML is read again in rotation: each in 300 seconds.
    expect(last.calls).toBeLessThanOrEqual(alone.calls + 4 + Math.ceil((count * interval) / 300) + 1)
    expect(last.seconds).toBeLessThan(2)
    expect(agent.complaints()).toEqual([])
    expect(peakMebibytes(agent.pid)).toBeLessThan(150 + count / 10)
    recordFault({ fault: 'domains that do not run', times: count, ...ledgerOf(agent) })
    console.info(
      `${count} inactive domains: first cycle ${agent.cycles()[0]!.seconds.toFixed(2)} s, later ${last.seconds.toFixed(2)} s, ` +
        `${last.calls} calls, peak ${peakMebibytes(agent.pid).toFixed(0)} MiB`,
    )
    expect(running.uuid).toBe(domainUuid(running.spec))
  } finally {
    await inactive.remove()
  }
})
