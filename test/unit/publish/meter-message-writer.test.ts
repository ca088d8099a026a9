import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PollsterError } from '../../../src/errors.js'
import { createMeterMessageWriter } from '../../../src/publish/meter-message-writer.js'
import { signature } from '../../../src/publish/signature.js'
import { meterMessage } from '../../../src/sample/meter-message.js'
import type { Sample } from '../../../src/sample/sample.js'
import { wireJson } from '../../../src/sample/wire-value.js'
import { anyMetadata, anySample, aSample } from '../../support/samples.js'

const secret = 'change this for valid signing'

/** The same in the plainest way: the whole message, flattened and written anew for every sample. */
function plainly(sample: Sample, withSecret: string, names: boolean): string {
  const message = meterMessage(sample, names)
  return wireJson({ ...message, message_signature: signature(message, withSecret) })
}

describe('the writer of meter messages', () => {
  it('writes and signs what the plain way writes and signs', () => {
    fc.assert(
      fc.property(anySample, fc.boolean(), fc.constantFrom(secret, 's3cr3t-ż', ''), (sample, names, key) => {
        const write = createMeterMessageWriter({ secret: key, names })
        expect(write(sample)).toBe(plainly(sample, key, names))
      }),
      { numRuns: 1000 },
    )
  })

  it('writes the metadata of a resource once, and what each meter adds for that meter alone', () => {
    fc.assert(
      fc.property(anyMetadata, fc.array(anySample, { minLength: 2, maxLength: 5 }), (metadata, samples) => {
        const write = createMeterMessageWriter({ secret, names: true })
        for (const sample of samples) {
          const shared = { ...sample, metadata }
          expect(write(shared)).toBe(plainly(shared, secret, true))
        }
      }),
      { numRuns: 300 },
    )
  })

  it('tells apart what only seems to be the same as in the sample before', () => {
    const metadata = { name: 'vm-1', status: 'active' }
    const fields: Partial<Sample>[] = [
      { extraMetadata: { disk_name: 'vda', size: 1 } },
      { extraMetadata: { size: 1, disk_name: 'vda' } },
      { extraMetadata: { disk_name: 'vda' } },
      { extraMetadata: { disk_name: 'vdb' } },
      { extraMetadata: { disk_name: 'vda', size: 1 } },
      { extraMetadata: { parameters: { bridge: 'br0' } } },
      { extraMetadata: { parameters: { bridge: 'br1' } } },
      { extraMetadata: undefined },
      { unit: 'B' },
      { type: 'gauge' },
      { source: 'libvirt' },
      { userId: null },
      { userName: 'ż' },
      { projectId: 'tenant-2' },
      { projectName: 'demo' },
      ...Array.from({ length: 100 }, (_, disk) => ({ extraMetadata: { disk_name: `vd${disk % 40}` } })),
    ]
    const write = createMeterMessageWriter({ secret, names: true })
    for (const changed of fields) {
      const sample = aSample({ metadata, ...changed })
      expect(write(sample)).toBe(plainly(sample, secret, true))
    }
  })

  it('writes another metadata object of the same resource anew', () => {
    const write = createMeterMessageWriter({ secret, names: true })
    const before = aSample({ metadata: { status: 'active' } })
    const after = aSample({ metadata: { status: 'stopped' } })
    expect(write(before)).toContain('"resource_metadata":{"status":"active"}')
    expect(write(after)).toBe(plainly(after, secret, true))
  })

  it.each<[string, boolean, Partial<Sample>]>([
    [
      'f5e1b5ca6c318637ef321feac88e432c18cb27ee972db308004831b3280a0701',
      false,
      { unit: 'MB', volume: 390.625, numberKind: 'float' },
    ],
    [
      '0ed57765c39e852f97402f88ce48f790bde6b918e15ea91fd0c536188b9e515f',
      true,
      { unit: 'MiB', volume: 512, numberKind: 'float' },
    ],
    [
      '8d3a121f2406f54b42f552ef4e0bb3c94d43e763fd905c89d50ea9dc65226f6d',
      true,
      { unit: 'MiB', volume: 512, numberKind: 'int' },
    ],
  ])('gives the signature %s that ceilometer gave', (expected, names, figure) => {
    const sample = aSample({
      id: '00000000-0000-1000-8000-000000000000',
      name: 'memory.usage',
      type: 'gauge',
      ...figure,
      userId: 'u',
      projectId: 'p',
      resourceId: 'r',
      takenAt: {
        wallMs: Date.UTC(2024, 0, 2, 3, 4, 5) + 678.901,
        monotonicSeconds: 1514.64782179,
      },
      metadata: {
        display_name: 'vé',
        flavor: { id: '1', vcpus: 2, extra_specs: {} },
        image: null,
        parameters: { bridge: null },
        tags: ['a', 'b'],
      },
      extraMetadata: { ok: true },
    })
    const message = createMeterMessageWriter({ secret, names })(sample)
    expect(JSON.parse(message)).toMatchObject({ message_signature: expected })
  })

  it.each<[string, Partial<Sample>]>([
    ['a volume that is no number', { volume: NaN, numberKind: 'float' }],
    ['metadata that is not finite', { extraMetadata: { temperature: Infinity } }],
    ['a time that is not finite', { takenAt: { wallMs: 0, monotonicSeconds: NaN } }],
  ])('refuses %s and goes on', (_what, fields) => {
    const write = createMeterMessageWriter({ secret, names: true })
    expect(() => write(aSample(fields))).toThrow(PollsterError)
    expect(write(aSample())).toBe(plainly(aSample(), secret, true))
  })
})
