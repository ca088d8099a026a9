import type * as nodeLibvirt from '#node-libvirt'
import { FakeConnection } from './fake-connection.js'
import { FakeHost, type FakeHostOptions } from './fake-host.js'
import { FakeLibvirtError, cannotConnect } from './fake-libvirt-errors.js'

export { statsColumns } from './domstats.js'
export type { FakeCall, FakeDomain } from './fake-host.js'
export {
  FakeLibvirtError,
  answerTooLarge,
  domainNotFound,
  never,
  permissionDenied,
  unsupported,
} from './fake-libvirt-errors.js'

/** What `#node-libvirt` exports. */
export type Binding = typeof nodeLibvirt

export interface FakeBinding extends Binding {
  /** The hypervisor host behind it: change its domains, look at its calls, unstick domains, end connections. */
  readonly host: FakeHost
}

/** The binding, played from plain data: what a real host will not do on request. */
export function fakeBinding(options: FakeHostOptions = {}): FakeBinding {
  const host = new FakeHost(options)
  return {
    host,
    versions: () => ({ binding: '0.0.0', libvirt: 9_000_000, built: 9_000_000 }),
    activity: () => ({
      threads: host.callsOut,
      callsOut: host.callsOut,
      connections: host.connections.size,
    }),
    openReadOnly: (uri) =>
      host.run({ method: 'openReadOnly', call: 'virConnectOpenReadOnly', uuids: [], args: [uri] }, () => {
        if (!host.uris.includes(uri)) throw cannotConnect(uri)
        return new FakeConnection(host, uri)
      }),
    isLibvirtError: (error) => error instanceof FakeLibvirtError,
    isBindingLoadError: (error): error is nodeLibvirt.BindingLoadError =>
      error instanceof Error && 'code' in error && error.code === 'ERR_LIBVIRT_BINDING',
  }
}
