import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { faultScale } from '../support/fault-scale.js'
import { openLab } from '../support/lab.js'
import { clients } from '../support/libvirtd.js'
import { endOf } from '../support/virtpoll.js'
import { waitFor } from '../support/wait-for.js'

openLab()
const program = fileURLToPath(new URL('programs/open-close.js', import.meta.url))

interface Printed {
  readonly remaining: readonly number[]
  readonly before: { readonly files: number; readonly threads: number; readonly kibibytes: number }
  readonly after: Printed['before']
}

// Without the sanitizers, which keep what is freed for a while.
it('connections that come and go leave no file, no thread, no memory and no client of libvirtd', async () => {
  const rounds = faultScale({ reduced: 1000, full: 5000 })
  const clientsBefore = await clients()
  const given = JSON.stringify({ uri: 'qemu:///system', rounds })
  const { code, stdout, stderr } = await endOf(spawn(process.execPath, ['--expose-gc', program, given]))
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const { remaining, before, after } = JSON.parse(stdout) as Printed

  expect(remaining).toEqual([0])
  expect(after.files).toBeLessThanOrEqual(before.files)
  expect(after.threads).toBeLessThanOrEqual(before.threads)
  // V8 and malloc account for up to 3 MiB at any number of rounds; one kept message buffer a connection, for 64.
  expect(after.kibibytes - before.kibibytes).toBeLessThan(8192)
  await waitFor('the clients are gone', async () => (await clients()) === clientsBefore)
})
