import { readFile } from 'node:fs/promises'
import { register } from 'node:module'
import { fileURLToPath } from 'node:url'
import { isMainThread } from 'node:worker_threads'

/**
 * Lets node run the benchmark's TypeScript as it stands: `node --import ./bench/typescript.js bench/host.ts`.
 * What is measured never runs this way: it is the build in dist/.
 */
if (isMainThread) register(import.meta.url)

const builtBeside = (url) => url.endsWith('.js') && `${url.slice(0, -2)}ts`

export async function resolve(specifier, context, next) {
  const written = specifier.startsWith('.') && builtBeside(specifier)
  return written ? next(written, context).catch(() => next(specifier, context)) : next(specifier, context)
}

export async function load(url, context, next) {
  if (!url.endsWith('.ts')) return next(url, context)
  const { default: ts } = await import('typescript')
  const compilerOptions = {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.ESNext,
    inlineSourceMap: true,
  }
  const { outputText } = ts.transpileModule(await readFile(fileURLToPath(url), 'utf8'), {
    compilerOptions,
    fileName: fileURLToPath(url),
  })
  return { format: 'module', source: outputText, shortCircuit: true }
}
