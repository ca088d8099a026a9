import { expect, test } from 'vitest'
import type { BlockInfo } from '#node-libvirt'
import { domainXml, domainUuid } from '../support/domain-xml.js'
import { fakeBinding } from '../support/fake-binding.js'
import { defaultSecret, pollInProcess } from '../support/poll-in-process.js'
import { judgeSignatures } from '../support/ceilometer-signatures.js'

const spec = { number: 7 }
const largest = '18446744073709551615'

/** Figures that a JavaScript number cannot hold, and what must come out, by meter. */
const figures = [
  { field: 'vcpu.0.time', libvirt: '9007199254740992', meter: 'cpu', volume: '9007199254740993' },
  { field: 'vcpu.0.wait', libvirt: '1', meter: 'cpu', volume: '9007199254740993' },
  { field: 'net.0.rx.bytes', libvirt: largest, meter: 'network.incoming.bytes', volume: largest },
  {
    field: 'net.0.tx.pkts',
    libvirt: '9007199254740993',
    meter: 'network.outgoing.packets',
    volume: '9007199254740993',
  },
  {
    field: 'block.0.rd.bytes',
    libvirt: '9223372036854775807',
    meter: 'disk.device.read.bytes',
    volume: '9223372036854775807',
  },
  { field: 'block.0.wr.times', libvirt: largest, meter: 'disk.device.write.latency', volume: largest },
  { field: 'perf.cpu_cycles', libvirt: largest, meter: 'perf.cpu.cycles', volume: largest },
  { field: 'balloon.rss', libvirt: '524288', meter: 'memory.resident', volume: '512.0' },
  { field: 'balloon.current', libvirt: '400001', meter: 'memory', volume: '390.6259765625' },
] as const

const blockInfo: BlockInfo = { capacity: 1n, allocation: 9007199254740993n, physical: 18446744073709551615n }

test('figures above 2^53 are exact from libvirt to the wire and in the signature', async () => {
  const stats = [
    'state.state=1',
    'vcpu.current=1',
    'vcpu.maximum=1',
    'net.count=1',
    'net.0.name=tap00000007-00',
  ]
    .concat('block.count=1', 'block.0.name=vda')
    .concat(figures.map(({ field, libvirt }) => `${field}=${libvirt}`))
  const binding = fakeBinding({
    domains: [
      {
        ...{ uuid: domainUuid(spec), name: 'instance-00000007', id: 1, xml: domainXml(spec) },
        ...{ stats: stats.join('\n'), blockInfos: { vda: blockInfo } },
      },
    ],
  })

  const { messages } = await pollInProcess(binding)

  const written = new Map(
    messages.map((text) => [
      /"counter_name":"([^"]*)"/.exec(text)?.[1],
      /"counter_volume":([^,]*),/.exec(text)?.[1],
    ]),
  )
  for (const { meter, volume } of figures) expect([meter, written.get(meter)]).toEqual([meter, volume])
  expect(written.get('disk.device.allocation')).toBe('9007199254740993')
  expect(written.get('disk.device.capacity')).toBe(largest)
  const verdicts = judgeSignatures(messages, defaultSecret)
  expect(verdicts.map(({ verified }) => verified)).toEqual(messages.map(() => true))
  expect(verdicts.map(({ json }) => json)).toEqual(messages)
})
