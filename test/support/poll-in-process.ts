import { fileURLToPath } from 'node:url'
import { loadConfiguration } from '../../src/agents/configuration.js'
import { buildHost } from '../../src/agents/polling.js'
import type { LibvirtBinding } from '../../src/inspector/libvirt/binding.js'
import { pollOnce } from '../../src/polling/poll-once.js'
import type { CycleReport } from '../../src/polling/report.js'
import { createMeterMessageWriter } from '../../src/publish/meter-message-writer.js'
import { systemClock } from '../../src/schedule/clock.js'

/** The telemetry_secret of the default configuration. */
export const defaultSecret = 'change this for valid signing'

const packageFolder = fileURLToPath(new URL('../../', import.meta.url))

/** One cycle of every meter, as `poll-once` makes it, over this binding: its meter messages and its report. */
export async function pollInProcess(
  binding: LibvirtBinding,
): Promise<{ readonly messages: readonly string[]; readonly report: CycleReport }> {
  const { options, pollsters } = await loadConfiguration(
    {},
    { cwd: '/nowhere', hostName: 'lab-host', packageFolder, version: 'test' },
  )
  const quiet = () => undefined
  const host = buildHost(options, {
    ...{ clock: systemClock, binding, logOf: () => ({ debug: quiet, warn: quiet }) },
    inspectorObserver: {
      ...{ callReturned: quiet, callLeft: quiet, connectionLost: quiet, connected: quiet },
      ...{ domainStuck: quiet, domainRecovered: quiet, domainFailed: quiet },
    },
  })
  const all = {
    name: 'all',
    schedule: { kind: 'interval', seconds: 1 },
    meters: ['*'],
    discovery: [],
  } as const
  try {
    const { samples, report } = await pollOnce(
      { ...host, sources: [all], pollsters, instances: [], computedMeters: false },
      new AbortController().signal,
    )
    const write = createMeterMessageWriter({ secret: defaultSecret, names: true })
    return { messages: samples.map(({ sample }) => write(sample)), report }
  } finally {
    await host.inspector.close()
  }
}
