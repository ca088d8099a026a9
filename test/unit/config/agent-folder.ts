import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigFileError } from '../../../src/config/faults.js'
import { loadAgentOptions } from '../../../src/config/load-options.js'
import type { LoadedOptions, OptionsRequest } from '../../../src/config/load-options.js'

/** A folder with an agent.yaml in it, as a person would have one; its default file does not exist. */
export class AgentFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'agent-yaml-'))

  write(name: string, text: string, mode = 0o600): string {
    const file = join(this.path, name)
    writeFileSync(file, text)
    chmodSync(file, mode)
    return file
  }

  remove(): void {
    rmSync(this.path, { recursive: true })
  }

  load(text?: string, request: OptionsRequest = {}): Promise<LoadedOptions> {
    const file = text === undefined ? undefined : this.write('agent.yaml', text)
    return loadAgentOptions(
      { file, ...request },
      {
        cwd: this.path,
        hostName: 'os-name',
        defaultFile: join(this.path, 'default', 'agent.yaml'),
        judgeTransportUrl: (url) => ({
          fault: url.includes('badport') ? 'the port is no number' : undefined,
          warnings: url.includes('odd') ? ['that is odd'] : [],
          broker: url.replace(/^.*@/, ''),
        }),
      },
    )
  }

  /** The findings of a file that is refused. */
  async faultsOf(text: string): Promise<readonly string[]> {
    const outcome: unknown = await this.load(text).catch((error: unknown) => error)
    if (!(outcome instanceof ConfigFileError)) throw new Error(`not refused as it should be: ${text}`)
    return outcome.findings.map((finding) => finding.text)
  }
}
