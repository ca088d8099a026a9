import { spawn } from 'node:child_process'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { once } from 'node:events'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { rabbitmqctl } from '../support/broker.js'
import { openLab } from '../support/lab.js'
import { startOsloListener } from '../support/oslo-listener.js'
import { parseSamples } from '../support/virsh-volumes.js'
import {
  builtMain,
  endOf,
  folderOf,
  removeFolders,
  runProgram,
  runVirtpoll,
  type Ended,
} from '../support/virtpoll.js'

const lab = openLab()
const secret = 's3cr3t-ż'

beforeAll(async () => {
  await lab.createDomain({ number: 0x401 }, 'paused')
})
afterEach(removeFolders)
afterAll(() => lab.removeDomains())

/** The arguments of a poll of everything that publishes to a topic of its own. */
async function publishing(publisher: Readonly<Record<string, unknown>>): Promise<string[]> {
  const folder = await folderOf({ 'agent.yaml': { publisher: { telemetry_secret: secret, ...publisher } } })
  return ['poll-once', '--config', `${folder}/agent.yaml`, '--meter', '*', '--publish']
}

const lastLine = ({ stderr }: Ended): string => stderr.trimEnd().split('\n').at(-1) ?? ''

describe('--publish', () => {
  test('sends what it prints, confirmed by RabbitMQ and verified by the real listener', async () => {
    const listener = await startOsloListener({ url: lab.transportUrl, topics: ['once'], secret })
    const ended = await runVirtpoll(await publishing({ topics: ['once'] }))
    const printed = parseSamples(ended.stdout)
    const [notification] = await listener.take(1)
    await listener.stop()
    const count = String(printed.length)
    expect([ended.code, lastLine(ended)]).toEqual([
      0,
      `${count} of ${count} samples confirmed by amqp://127.0.0.1:5672/`,
    ])
    const ids = (samples: readonly object[]) =>
      samples.map((sample) => (sample as { message_id: string }).message_id)
    expect(ids(notification!.payload.samples!)).toEqual(ids(printed))
    expect(notification!.samples.map(({ signature_ok: ok }) => ok)).toEqual(printed.map(() => true))
  })

  test('sends everything also when nobody reads what it prints any more', async () => {
    const listener = await startOsloListener({ url: lab.transportUrl, topics: ['head'], secret })
    const args = (await publishing({ topics: ['head'] })).map((arg) => `'${arg}'`).join(' ')
    const command = `'${process.execPath}' '${builtMain}' ${args} 2>/dev/null | head -0`
    const { code } = await runProgram('bash', ['-o', 'pipefail', '-c', command])
    const [notification] = await listener.take(1)
    await listener.stop()
    expect([code, notification!.samples.length]).toEqual([0, 26])
  })

  test('sends through several publishers, and counts the samples of each', async () => {
    const folder = await folderOf({
      'agent.yaml': {
        publisher: [
          { driver: 'file', path: 'samples.jsonl' },
          { driver: 'messagingv2', topics: ['both'] },
        ],
      },
    })
    const config = ['--config', `${folder}/agent.yaml`]
    const ended = await runVirtpoll(['poll-once', ...config, '--meter', 'cpu', '--publish'])
    expect([ended.code, lastLine(ended)]).toEqual([
      0,
      expect.stringMatching(/^2 of 2 samples confirmed by .*samples\.jsonl, amqp:/),
    ])
    const written = await runProgram('cat', [`${folder}/samples.jsonl`])
    expect(parseSamples(written.stdout)).toEqual(parseSamples(ended.stdout))
  })
})

describe('--publish to a broker that is out of reach', () => {
  let silent: Server

  beforeAll(async () => {
    silent = createServer().listen(0, '127.0.0.1')
    await once(silent, 'listening')
  })
  afterAll(() => silent.close())

  const silentPort = () => (silent.address() as AddressInfo).port

  test.each([
    [
      'is down',
      () => 'guest:guest@127.0.0.1:1',
      /^broker 127\.0\.0\.1:1 is out of reach: connect ECONNREFUSED/,
    ],
    ['refuses the password', () => 'guest:wrong@127.0.0.1:5672', /^broker 127\.0\.0\.1:5672 refuses: .*403/],
    [
      'accepts connections and never answers, nor does the next host',
      () => `guest:guest@127.0.0.1:${silentPort()},guest:guest@localhost:${silentPort()}`,
      /^amqp:.* is out of reach: it did not answer in 15 s; nothing was sent$/,
    ],
  ])('prints the samples, says so in one line and ends with 69 when it %s', async (_what, hosts, says) => {
    const ended = await runVirtpoll(await publishing({ transport_url: `rabbit://${hosts()}/` }))
    const complaints = ended.stderr.split('\n').filter((line) => /broker|amqp:/.test(line))
    expect([ended.code, complaints]).toEqual([69, [expect.stringMatching(says)]])
    expect(parseSamples(ended.stdout)).toHaveLength(26)
    expect(ended.seconds).toBeLessThan(20)
  })
})

describe('--publish to a queue that refuses', () => {
  afterAll(() => rabbitmqctl('clear_policy', 'refuse'))

  test('says so, and ends with 1 when it is told to stop', async () => {
    await rabbitmqctl('set_policy', 'refuse', '^refuse', '{"max-length":0,"overflow":"reject-publish"}')
    const child = spawn(process.execPath, [builtMain, ...(await publishing({ topics: ['refuse'] }))], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.stderr.on('data', (text: Buffer) => {
      if (text.includes('refuses what is published')) child.kill('SIGINT')
    })
    const ended = await endOf(child)
    expect([ended.code, lastLine(ended)]).toEqual([1, '0 of 26 samples confirmed by amqp://127.0.0.1:5672/'])
  })
})
