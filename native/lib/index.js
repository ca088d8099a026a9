import { Connection, checkUri } from './connection.js'
import { answerOf, BindingLoadError, LibvirtError } from './errors.js'
import { addon, packageVersion } from './load-addon.js'

export const versions = () => ({ binding: packageVersion(), ...addon().libvirtVersions() })

export const activity = () => addon().activity()

export async function openReadOnly(uri) {
  checkUri('openReadOnly', uri)
  return new Connection(await answerOf('openReadOnly', addon().open(uri)), uri)
}

export const isLibvirtError = (error) => error instanceof LibvirtError

export const isBindingLoadError = (error) => error instanceof BindingLoadError
