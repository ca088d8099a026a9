import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const judge = fileURLToPath(new URL('ceilometer-signatures.py', import.meta.url))

/** What Debian's ceilometer makes of a meter message. */
export interface Verdict {
  /** The signature that it computes itself. */
  readonly signature: string
  readonly verified: boolean
  /** The message as Python's json writes it after reading it. */
  readonly json: string
}

/** Has ceilometer's own code judge meter messages, JSON objects of one line each. */
export function judgeSignatures(messages: readonly string[], secret: string): Verdict[] {
  const run = spawnSync('/usr/bin/python3', [judge, secret], {
    input: messages.map((message) => `${message}\n`).join(''),
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  })
  if (run.status !== 0) throw new Error(`${judge} failed: ${run.stderr}`, { cause: run.error })
  return run.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Verdict)
}
