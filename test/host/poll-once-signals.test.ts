import { spawn } from 'node:child_process'
import { afterEach, expect, test } from 'vitest'
import { pollsterFile } from '../support/pollster-file.js'
import { builtMain, endOf, folderOf, removeFolders } from '../support/virtpoll.js'

afterEach(removeFolders)

/** Its figure is the last of the look: when this is written, the look is over. */
const tells = "() => { setImmediate(() => process.stderr.write('looked\\n')); return [{ volume: 1 }] }"

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s between the two looks of poll-once ends it with 1',
  async (signal) => {
    const cwd = await folderOf({
      'agent.yaml': { polling: { pollsters: ['own.mjs'] } },
      'own.mjs': pollsterFile({ 'own.tells': tells }),
    })
    const command =
      'poll-once --config agent.yaml --connect test:///default --unmanaged --meter own.tells --over 60'
    const child = spawn(process.execPath, [builtMain, ...command.split(' ')], {
      ...{ cwd, stdio: ['ignore', 'pipe', 'pipe'] },
      ...{ timeout: 25_000, killSignal: 'SIGKILL' },
    })
    child.stderr.on('data', (text: Buffer) => {
      if (text.includes('looked')) child.kill(signal)
    })
    const { code, stdout, stderr } = await endOf(child)
    expect([code, stdout, stderr]).toEqual([1, '', 'looked\nstopped by a signal\n'])
  },
)
