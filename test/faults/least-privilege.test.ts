import { execFile } from 'node:child_process'
import { chmod, chown, mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { removeAgents, startAgent } from '../support/agent.js'
import { openBrokerSide } from '../support/broker.js'
import { openLab } from '../support/lab.js'
import { statusEndpoint, sumOf } from '../support/status-endpoint.js'
import { folderOf, runProgram, runVirtpoll } from '../support/virtpoll.js'
import { waitFor } from '../support/wait-for.js'

const execFileAsync = promisify(execFile)
const run = async (program: string, ...args: string[]) => (await execFileAsync(program, args)).stdout
const root = fileURLToPath(new URL('../..', import.meta.url))
const lab = openLab()
const nobody = 65534
const ofOneGuest = 26

beforeAll(() => lab.createDomain({ number: 0xb41 }, 'paused'))
afterEach(removeAgents)
afterAll(() => lab.removeDomains())

/** The lines of `virt-admin client-info` of every client of libvirtd, by key. */
async function libvirtClients(): Promise<readonly ReadonlyMap<string, string>[]> {
  const ids = [...(await run('virt-admin', 'client-list', 'libvirtd')).matchAll(/^ (\d+)\s/gm)].map(
    ([, id]) => id!,
  )
  const infos = await Promise.all(ids.map((id) => run('virt-admin', 'client-info', 'libvirtd', id)))
  return infos.map(
    (info) =>
      new Map([...info.matchAll(/^(\w+)\s*: (.*)$/gm)].map(([, key, value]) => [key!, value!] as const)),
  )
}

describe('a user without any right', () => {
  /**
   * Node and virtpoll where that user may read them, wherever they really are: mounted there, in the lab's own
   * namespace.
   */
  async function installation(): Promise<string> {
    const folder = await folderOf({ node: '' })
    await chmod(folder, 0o755)
    await mkdir(join(folder, 'virtpoll'))
    await run('mount', '--bind', process.execPath, join(folder, 'node'))
    await run('mount', '--bind', root, join(folder, 'virtpoll'))
    return folder
  }

  test('has every sample, its outbox and its metrics, over read-only connections alone', async () => {
    const home = await installation()
    const endpoint = await statusEndpoint()
    const broker = await openBrokerSide()
    const { exchange, topic } = broker
    const state = join(home, 'state')
    await mkdir(state)
    await chown(state, nobody, nobody)
    const agentYaml = {
      http: endpoint.http,
      publisher: { exchange, topics: [topic], transport_url: lab.transportUrl },
      outbox: { directory: join(state, 'outbox') },
      polling: { file: join(home, 'polling.yaml') },
    }
    const polling = { sources: [{ name: 'all', interval: 1, meters: ['*'] }] }
    await writeFile(join(home, 'agent.yaml'), JSON.stringify(agentYaml))
    await writeFile(join(home, 'polling.yaml'), JSON.stringify(polling))
    const as = ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', '--bounding-set=-all']
    const program = [join(home, 'node'), join(home, 'virtpoll/bundle/src/main.js')]
    const agent = await startAgent({
      command: [...as, ...program, 'agent', '--config', join(home, 'agent.yaml')],
    })
    await agent.moreCycles(3)
    try {
      expect(agent.cycles().map(({ samples }) => samples)).toEqual(
        Array(agent.cycles().length).fill(ofOneGuest),
      )
      expect(agent.complaints()).toEqual([])
      const mine = (await libvirtClients()).filter((client) => client.get('unix_user_id') === String(nobody))
      expect(mine.length).toBeGreaterThan(0)
      expect(mine.map((client) => client.get('readonly'))).toEqual(mine.map(() => 'yes'))
      await waitFor('the broker confirmed', async () => {
        const metrics = await endpoint.metrics()
        return sumOf(metrics, 'virtpoll_samples_confirmed_total') >= 3 * ofOneGuest
      })
      expect((await stat(join(state, 'outbox'))).uid).toBe(nobody)
      expect((await agent.stop()).code).toBe(0)
    } finally {
      agent.signal('SIGKILL')
      await agent.ended
      await broker.close()
      await run('umount', join(home, 'node'))
      await run('umount', join(home, 'virtpoll'))
    }
  })
})

describe('the modes of what an agent writes', () => {
  test.each(['0000', '0022', '0077'])('are 0700 and 0600 under the umask %s', async (umask) => {
    const agent = await startAgent({
      through: ['sh', '-c', `umask ${umask}; exec "$@"`, 'sh'],
      agent: { publisher: { transport_url: 'rabbit://127.0.0.1:1/' } },
    })
    await agent.moreCycles(2)
    const outbox = join(agent.folder, 'outbox')
    await agent.stop()
    const names = await readdir(outbox)
    expect(names.filter((name) => name.endsWith('.notification')).length).toBeGreaterThan(1)
    const modeOf = async (path: string) => ((await stat(path)).mode & 0o7777).toString(8)
    expect(await modeOf(outbox)).toBe('700')
    expect(new Set(await Promise.all(names.map((name) => modeOf(join(outbox, name)))))).toEqual(
      new Set(['600']),
    )
  })
})

describe('secrets', () => {
  const secret = 'telemetry-s3cret-value'
  const password = 'broker-s3cret-value'
  const secrets = [secret, password]
  const expectNone = (where: string, text: string) => {
    expect([where, secrets.filter((one) => text.includes(one))]).toEqual([where, []])
  }
  const urls = {
    'a wrong password': `rabbit://guest:${password}@127.0.0.1:5672/`,
    'nobody at the address': `rabbit://guest:${password}@127.0.0.1:1/`,
    'no TLS at the address': `rabbit://guest:${password}@127.0.0.1:5672/?ssl=true`,
    'another host in vain': `rabbit://guest:${password}@127.0.0.1:1,guest:${password}@127.0.0.1:2/?rabbit_login_method=PLAIN`,
  }

  test.each(Object.entries(urls))(
    'are in no log, metric, argument, environment or file of an agent: %s',
    async (_what, transportUrl) => {
      const endpoint = await statusEndpoint()
      const agent = await startAgent({
        agent: {
          http: endpoint.http,
          log: { level: 'trace' },
          publisher: { transport_url: transportUrl, telemetry_secret: secret },
        },
      })
      await agent.line(({ msg }) => msg.startsWith('destination away'))
      await agent.moreCycles(1)
      expectNone('metrics', await endpoint.page())
      expectNone('health', await (await fetch(`http://${endpoint.http.listen}/healthz?ready`)).text())
      for (const file of ['cmdline', 'environ', 'comm'])
        expectNone(file, await readFile(`/proc/${agent.pid}/${file}`, 'utf8'))
      const outbox = join(agent.folder, 'outbox')
      const names = (await readdir(outbox)).filter((name) => name.endsWith('.notification'))
      expect(names).not.toEqual([])
      for (const name of names) expectNone(name, await readFile(join(outbox, name), 'utf8'))
      const { stdout, stderr } = await agent.stop()
      expectNone('log', agent.lines.map((line) => JSON.stringify(line)).join('\n') + stdout + stderr)
    },
  )

  test.each([
    ['a good configuration', `rabbit://guest:${password}@127.0.0.1:5672/`],
    ['a URL that cannot be read', `rabbit://guest:${password}@127.0.0.1:port/`],
    ['an option that does not exist', `rabbit://guest:${password}@127.0.0.1/?nothing=1`],
    ['a driver that does not exist', `kafka://guest:${password}@127.0.0.1/`],
  ])('are in no word of check and poll-once: %s', async (_what, transportUrl) => {
    const cwd = await folderOf({
      'agent.yaml': { publisher: { transport_url: transportUrl, telemetry_secret: secret } },
      'polling.yaml': { sources: [{ name: 'a', interval: 60, meters: ['vcpus'] }] },
    })
    const fixed = ['--config', 'agent.yaml']
    for (const args of [
      ['check', ...fixed],
      ['poll-once', ...fixed, '--publish', '--format', 'notification'],
      ['agent', ...fixed, '--no-such-option'],
    ]) {
      const { stdout, stderr } = await runVirtpoll(args, { cwd })
      expect(stdout.length + stderr.length).toBeGreaterThan(0)
      expectNone(args.join(' '), stdout + stderr)
    }
  })
})

describe('packaging/virtpoll.service', () => {
  const unit = join(root, 'packaging/virtpoll.service')

  test('is a unit that systemd finds no fault with', async () => {
    const { code, stdout, stderr } = await runProgram('systemd-analyze', ['verify', '--man=no', unit], {
      cwd: dirname(unit),
    })
    expect([code, stdout + stderr]).toEqual([0, ''])
  })

  test('exposes little, as systemd counts it', async () => {
    const args = ['security', '--offline=true', '--threshold=20', unit]
    const { code, stdout } = await runProgram('systemd-analyze', args)
    expect([code, stdout.split('\n').filter((line) => line.includes('Overall'))]).toEqual([
      0,
      [expect.stringContaining('OK')],
    ])
  })
})
