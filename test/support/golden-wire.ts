import { readdirSync, readFileSync } from 'node:fs'

const root = new URL('../fixtures/wire/', import.meta.url)

/** A message as the real oslo.messaging put it on the wire. */
export interface GoldenNotification {
  readonly name: string
  readonly version: 1 | 2
  readonly body: string
  /** The JSON of the notification object in it. */
  readonly message: string
}

export interface SignatureVector {
  readonly name: string
  readonly secret: string
  readonly messageJson: string
  readonly pairs: readonly (readonly [string, string])[]
  readonly hmacInput: string
  readonly signature: string
}

export function goldenNotifications(): readonly GoldenNotification[] {
  return readdirSync(new URL('notifications/', root)).map((file) => {
    const { bodyUtf8: body } = readJson(`notifications/${file}`) as { readonly bodyUtf8: string }
    const version = file.startsWith('v1-') ? 1 : 2
    const message = version === 1 ? body : (JSON.parse(body) as Record<string, string>)['oslo.message']!
    return { name: file.replace('.json', ''), version, body, message }
  })
}

export function signatureVectors(): readonly SignatureVector[] {
  return (readJson('signature-vectors.json') as { readonly vectors: readonly SignatureVector[] }).vectors
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(new URL(file, root), 'utf8'))
}
