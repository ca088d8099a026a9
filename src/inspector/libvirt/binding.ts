import type * as nodeLibvirt from '#node-libvirt'
import { ConnectionError } from '../../errors.js'

/** What the inspector uses of the package `node-libvirt`. */
export type LibvirtBinding = Pick<typeof nodeLibvirt, 'openReadOnly'>

/**
 * Loads the native binding; nothing of libvirt is loaded before. Rejects with a ConnectionError
 * LIBVIRT_LIBRARY_MISSING when the addon or the library it links is not on this host.
 */
export async function loadBinding(): Promise<typeof nodeLibvirt> {
  try {
    const binding = await import('#node-libvirt')
    binding.versions() // importing alone loads neither the addon nor libvirt
    return binding
  } catch (cause) {
    throw new ConnectionError(
      'LIBVIRT_LIBRARY_MISSING',
      `cannot load the libvirt binding for ${process.platform}-${process.arch}: ` +
        'install the libvirt client library (Debian: libvirt0, Red Hat: libvirt-libs); ' +
        'in a source tree also run `make build`',
      { cause, details: { platform: process.platform, arch: process.arch } },
    )
  }
}
