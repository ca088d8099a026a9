import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const fromRoot = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** The tiers. `unit` and `contract` need nothing but a build of native/; the others are run by `make test`. */
const tier = (name: string, options: object = {}) => ({
  extends: true as const,
  test: { name, include: [`test/${name}/**/*.test.ts`], ...options },
})

const oneAtATime = { fileParallelism: false, testTimeout: 120_000, hookTimeout: 300_000 }

export default defineConfig({
  resolve: { alias: { 'virtpoll/pollster': fromRoot('./src/pollster/index.ts') } },
  test: {
    pool: 'forks',
    projects: [
      tier('unit'),
      tier('contract', { testTimeout: 30_000 }),
      tier('integration', oneAtATime),
      tier('host', oneAtATime),
      tier('conformance', oneAtATime),
      tier('faults', oneAtATime),
      tier('package', oneAtATime),
      tier('sanitizers', { ...oneAtATime, testTimeout: 300_000 }),
    ],
  },
})
