import { fileURLToPath } from 'node:url'
import type { Connection } from '#node-libvirt'
import { buildHost } from '../../src/agents/polling.js'
import { loadConfiguration } from '../../src/agents/configuration.js'
import { loadBinding, type LibvirtBinding } from '../../src/inspector/libvirt/binding.js'
import { pollOnce } from '../../src/polling/poll-once.js'
import { createMeterMessageWriter } from '../../src/publish/meter-message-writer.js'
import { systemClock } from '../../src/schedule/clock.js'
import type { Ceilometer, ReadSample } from './ceilometer.js'

/** Something that happens before the first such call to libvirt that concerns the domain. */
export interface CallHook {
  readonly call: 'domainXml' | 'domainStats' | 'blockInfo'
  readonly uuid: string
  readonly happen: () => Promise<unknown>
}

/** One cycle of every meter, as `poll-once` makes it, in which something happens on the way. */
export async function pollHooked(reader: Ceilometer, hook: CallHook): Promise<readonly ReadSample[]> {
  const root = fileURLToPath(new URL('../../', import.meta.url))
  const { options, pollsters } = await loadConfiguration(
    { file: fileURLToPath(new URL('agent.yaml', import.meta.url)) },
    { cwd: root, hostName: 'lab-host', packageFolder: root, version: 'test' },
  )
  const quiet = () => undefined
  const host = buildHost(options, {
    clock: systemClock,
    binding: hooked(await loadBinding(), hook),
    inspectorObserver: {
      ...{ callReturned: quiet, callLeft: quiet, connectionLost: quiet, connected: quiet },
      ...{ domainStuck: quiet, domainRecovered: quiet, domainFailed: quiet },
    },
    logOf: () => ({ debug: quiet, warn: quiet }),
  })
  try {
    const all = {
      name: 'all',
      schedule: { kind: 'interval', seconds: 1 },
      meters: ['*'],
      discovery: [],
    } as const
    const polled = await pollOnce(
      { ...host, ...{ sources: [all], pollsters, instances: [], computedMeters: false } },
      new AbortController().signal,
    )
    const write = createMeterMessageWriter({ secret: 'change this for valid signing', names: true })
    return await reader.read(polled.samples.map(({ sample }) => write(sample)).join('\n'))
  } finally {
    await host.inspector.close()
  }
}

function hooked(binding: LibvirtBinding, hook: CallHook): LibvirtBinding {
  return { openReadOnly: async (uri) => watched(await binding.openReadOnly(uri), hook) }
}

/** The connection; its private state lies behind the proxy, so methods are called on the connection itself. */
function watched(connection: Connection, { call, uuid, happen }: CallHook): Connection {
  let happened: Promise<unknown> | undefined
  return new Proxy(connection, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      const method = value.bind(target) as (...args: unknown[]) => unknown
      if (name !== call) return method
      return async (...args: unknown[]) => {
        if ([args[0]].flat().includes(uuid)) await (happened ??= happen())
        return method(...args)
      }
    },
  })
}
