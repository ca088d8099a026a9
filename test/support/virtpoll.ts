import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What `make build` made of src/main.ts; these tests run nothing else. */
export const builtMain = fileURLToPath(new URL('../../bundle/src/main.js', import.meta.url))

/** How a process ended. */
export interface Ended {
  /** Null when a signal ended it. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  readonly seconds: number
}

export interface RunOptions {
  /** Default: a folder with no configuration in it. */
  readonly cwd?: string
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>
}

const deadlineSeconds = 60

/** Runs a command line of the built virtpoll to its end. Rejects when it takes longer than a minute. */
export function runVirtpoll(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return runProgram(process.execPath, [builtMain, ...args], options)
}

/** Runs any program to its end; as runVirtpoll. */
export async function runProgram(
  program: string,
  args: readonly string[],
  { cwd = tmpdir(), env = {} }: RunOptions = {},
): Promise<Ended> {
  const child = spawn(program, args, {
    ...{ cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
    ...{ timeout: deadlineSeconds * 1000, killSignal: 'SIGKILL' },
  })
  const ended = await endOf(child)
  if (ended.seconds >= deadlineSeconds) throw new Error(`it did not end: ${args.join(' ')}\n${ended.stderr}`)
  return ended
}

/** Collects what a child writes until it has ended and everything is read. */
export async function endOf(child: ChildProcess): Promise<Ended> {
  const startedAt = performance.now()
  const written = { stdout: '', stderr: '' }
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (written.stdout += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (written.stderr += text))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, ...written, seconds: (performance.now() - startedAt) / 1000 }
}

/** Files by name, for their owner alone; what is no text becomes JSON, which is YAML. */
export type Files = Readonly<Record<string, unknown>>

const textOf = (content: unknown) => (typeof content === 'string' ? content : JSON.stringify(content))

const folders: string[] = []

/** A new folder with these files, until `removeFolders`. */
export async function folderOf(files: Files): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'virtpoll-test-'))
  folders.push(folder)
  await writeFiles(folder, files)
  return folder
}

export async function writeFiles(folder: string, files: Files): Promise<void> {
  for (const [name, content] of Object.entries(files))
    await writeFile(join(folder, name), textOf(content), { mode: 0o600 })
}

/** Removes every folder made here, for `afterAll` or `afterEach`. */
export async function removeFolders(): Promise<void> {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true })
}
