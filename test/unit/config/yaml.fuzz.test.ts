import fc from 'fast-check'
import { test } from 'vitest'
import { ConfigFileError } from '../../../src/config/faults.js'
import { readSources } from '../../../src/config/polling-file.js'
import { readSettings } from '../../../src/config/settings.js'
import { decodeYaml } from '../../../src/config/yaml-file.js'
import { fuzzRuns } from '../../support/fuzz-runs.js'
import { knownNames } from './known-names.js'

/** Text that is nearly a configuration: words of the format in any order, with any indentation. */
const nearlyYaml = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...['sources', 'name', 'interval', 'meters', 'schedule', 'discovery', 'publisher', 'libvirt', 'http'],
        ...[
          ': ',
          ':\n',
          '\n',
          '\n  ',
          '\n    ',
          '\n- ',
          '\n  - ',
          ' ',
          '\t',
          '[',
          ']',
          '{',
          '}',
          ', ',
          '"',
          "'",
        ],
        ...[
          '&a ',
          '*a',
          '<<: *a',
          '!!int ',
          '!x ',
          '| \n',
          '---\n',
          '#',
          '? ',
          '~',
          '*',
          '!cpu',
          'cpu',
          '60',
          '1:30',
        ],
        ...[
          '"* * * * *"',
          '0x',
          '.nan',
          'yes',
          '=',
          '%',
          '@',
          '\0',
          '\r',
          '\u2028',
          '\ufeff',
          '9'.repeat(400),
        ],
      ),
      fc.string({ unit: 'binary', maxLength: 6 }),
    ),
    { maxLength: 60 },
  )
  .map((parts) => parts.join(''))

function onlyConfigErrors(read: () => unknown): void {
  try {
    read()
  } catch (error) {
    if (!(error instanceof ConfigFileError) || error.code !== 'CONFIG_INVALID') throw error
    if (!error.findings.some(({ severity, text }) => severity === 'error' && text.startsWith('f.yaml')))
      throw error
  }
}

test.each([
  ['polling.yaml', (text: string) => readSources(decodeYaml({ text, mode: 0o600 }, 'f.yaml'), knownNames)],
  ['agent.yaml', (text: string) => readSettings(decodeYaml({ text, mode: 0o600 }, 'f.yaml'))],
])('no text whatever makes %s anything but read or refused', (_name, read) => {
  fc.assert(
    fc.property(fc.oneof(nearlyYaml, fc.string({ unit: 'binary', maxLength: 200 })), (text) => {
      onlyConfigErrors(() => read(text))
    }),
    { numRuns: fuzzRuns(2000) },
  )
})
