import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { endOf, type Ended } from './virtpoll.js'

const path = (fromRoot: string) => fileURLToPath(new URL(`../../${fromRoot}`, import.meta.url))

/** The binding with AddressSanitizer and UndefinedBehaviorSanitizer, as `build.js --sanitize` leaves it. */
export const sanitizedBuild = path('native/build/sanitized')

/** Exit status of a program in which a sanitizer found something. */
export const sanitizerStatus = 99

const addressSanitizer = {
  exitcode: sanitizerStatus,
  detect_stack_use_after_return: 1,
  // Node takes these signals too, and would leave no report.
  handle_segv: 2,
  handle_sigbus: 2,
  malloc_context_size: 14,
  // With it, gcc 12's runtime takes any memory at a certain place in its page for thread-local and crashes.
  intercept_tls_get_addr: 0,
}
const leakSanitizer = { suppressions: path('test/sanitizers/leaks.supp'), print_suppressions: 0 }

const options = (values: Readonly<Record<string, string | number>>) =>
  Object.entries(values)
    .map((entry) => entry.join('='))
    .join(':')

/**
 * The runtime is part of no program here, so it is loaded first. Then the library of libvirt's whose functions it
 * replaces, because it looks for the real ones only once.
 */
function preload(): string {
  const runtime = execFileSync('g++', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).trim()
  return `${runtime} libtirpc.so.3`
}

/** A program of test/sanitizers/programs. */
export interface SanitizedProgram {
  readonly name: string
  /** What it reads from its first argument. */
  readonly given: Readonly<Record<string, unknown>>
  /** The binding it loads. Default: the sanitized one. */
  readonly build?: string
  /**
   * Whether memory that nothing leads to at the end is an error. A process that is told to end, and does not come to its
   * end, leaves V8's heap as it is. Default true.
   */
  readonly leaks?: boolean
  /**
   * How far to look up the stack at every allocation, for what it costs: libvirt's own leaks are told by functions of its
   * client for libvirtd, which only the slow way sees. Default slow where leaks are errors.
   */
  readonly unwind?: 'slow' | 'fast'
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>
}

/** Starts a program with the sanitizers watching. */
export function startSanitized({
  name,
  given,
  build = sanitizedBuild,
  leaks = true,
  unwind = leaks ? 'slow' : 'fast',
  env = {},
}: SanitizedProgram): ChildProcess {
  const program = path(`test/sanitizers/programs/${name}.js`)
  return spawn(process.execPath, ['--expose-gc', program, JSON.stringify(given)], {
    ...{ stdio: ['pipe', 'pipe', 'pipe'], timeout: 300_000, killSignal: 'SIGKILL' },
    env: {
      ...process.env,
      NODE_LIBVIRT_PREBUILD: build,
      LD_PRELOAD: preload(),
      // GLib hands out pieces of its own blocks otherwise, and no piece is ever seen to be lost.
      G_SLICE: 'always-malloc',
      ASAN_OPTIONS: options({
        ...addressSanitizer,
        detect_leaks: Number(leaks),
        fast_unwind_on_malloc: Number(unwind === 'fast'),
      }),
      LSAN_OPTIONS: options(leakSanitizer),
      UBSAN_OPTIONS: options({ print_stacktrace: 1, exitcode: sanitizerStatus }),
      ...env,
    },
  })
}

/** Runs a program to its end. */
export const runSanitized = (program: SanitizedProgram): Promise<Ended> => endOf(startSanitized(program))

/** What a program printed last, after the sanitizers found nothing in it. */
export function clean({ code, stdout, stderr }: Ended): unknown {
  expect(stderr).not.toMatch(/Sanitizer|runtime error/)
  expect({ code, stderr }).toMatchObject({ code: 0 })
  return JSON.parse(stdout.trimEnd().split('\n').at(-1)!)
}
