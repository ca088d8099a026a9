import type { Connection } from '#node-libvirt'
import { loadBinding, type LibvirtBinding } from '../../src/inspector/libvirt/binding.js'
import { pollInProcess } from '../support/poll-in-process.js'
import type { Ceilometer, ReadSample } from './ceilometer.js'

/** Something that happens before the first such call to libvirt that concerns the domain. */
export interface CallHook {
  readonly call: 'domainXml' | 'domainStats' | 'blockInfo'
  readonly uuid: string
  readonly happen: () => Promise<unknown>
}

/** One cycle of every meter, as `poll-once` makes it, in which something happens on the way. */
export async function pollHooked(reader: Ceilometer, hook: CallHook): Promise<readonly ReadSample[]> {
  const { messages } = await pollInProcess(hooked(await loadBinding(), hook))
  return reader.read(messages.join('\n'))
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
