import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { virsh } from '../test/support/virsh.js'

const execFileAsync = promisify(execFile)
const lab = fileURLToPath(new URL('../test/lab/lab', import.meta.url))

/** Guests that have booted and make disk and network traffic, beside those that are paused. */
export const runningGuests = 3

const nameOf = (number: number) => `instance-${number.toString(16).padStart(8, '0')}`

/** Makes and ends guests until there are `paused` paused ones and three that run. Returns the names of all. */
export async function settleGuests(paused: number): Promise<readonly string[]> {
  const last = runningGuests + paused
  const wanted = Array.from({ length: last }, (_, index) => nameOf(index + 1))
  const there = (await virsh(['list', '--name'])).split('\n').filter(Boolean)
  for (const name of there.filter((one) => !wanted.includes(one))) await virsh(['destroy', name])
  if (!there.includes(nameOf(1))) await create(1, runningGuests, 'running', '--boot')
  const next = there.length === 0 ? runningGuests + 1 : there.length + 1
  if (next <= last) await create(next, last, 'paused')
  return wanted
}

/** Ends all guests, for what must have the machine to itself. */
export async function endGuests(): Promise<void> {
  const there = (await virsh(['list', '--name'])).split('\n').filter(Boolean)
  for (const name of there) await virsh(['destroy', name])
}

const create = (...words: readonly (string | number)[]) =>
  execFileAsync(lab, ['domains', ...words.map(String)], { timeout: 600_000 })

/** Gives each domain another description, so that its XML is another one and libvirt says so. */
export async function changeXml(names: readonly string[], description: string): Promise<void> {
  const child = spawn('virsh', ['--quiet', '--connect', 'qemu:///system'], {
    stdio: ['pipe', 'ignore', 'inherit'],
  })
  child.stdin.end(names.map((name) => `desc ${name} --live ${description}\n`).join(''))
  await once(child, 'close')
}
