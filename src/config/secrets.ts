import type { Spot } from './kinds.js'
import { readTextFile } from './read-file.js'

/**
 * The secret that a file holds, without its last line break. A file that others than its owner can read is a warning;
 * one that cannot be read, or is empty, is an error at the spot that named it, and gives undefined.
 */
export async function readSecretFile(file: string, { path, faults }: Spot): Promise<string | undefined> {
  const read = await readTextFile(file)
  if ('fault' in read) {
    faults.error({ path, text: `the file ${file} ${read.fault}` })
    return undefined
  }
  const secret = read.text.replace(/\r?\n$/, '')
  if (secret === '') {
    faults.error({ path, text: `the file ${file} is empty; write the secret into it` })
    return undefined
  }
  if ((read.mode & 0o077) !== 0) {
    const mode = read.mode.toString(8).padStart(4, '0')
    faults.warning({ path, text: `others can read the secret in ${file} (mode ${mode}); chmod 600 ${file}` })
  }
  return secret
}

/** A transport URL with its passwords replaced by `***`; where it is in doubt what is a password, more is. */
export function maskTransportUrl(url: string): string {
  const start = url.indexOf('://') + 3
  const end = url.lastIndexOf('@')
  const hosts =
    end < start
      ? ''
      : url
          .slice(start, end + 1)
          .split(',')
          .map(maskLogin)
          .join(',')
  const rest = url.slice(Math.max(start, end + 1))
  return url.slice(0, start) + hosts + rest.replaceAll(/([?&][^=&]*passw[^=&]*=)[^&]*/gi, '$1***')
}

function maskLogin(host: string): string {
  const at = host.lastIndexOf('@')
  if (at < 0) return '***' // a host without a login, or a part of a password with a comma
  const colon = host.slice(0, at).indexOf(':')
  return `${host.slice(0, colon + 1)}***${host.slice(at)}`
}
