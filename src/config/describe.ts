import { dump } from 'js-yaml'
import { ceilometerConfText, transportUrlText } from './describe-publishing.js'
import type { PollingKey } from './polling-keys.js'
import { sourceKeys, topKeys } from './polling-keys.js'
import { sections, topOptions } from './schema.js'
import type { Option, Options } from './schema.js'

/** The text of config/agent.yaml: every option at its default, with what it means. */
export function describeAgentYaml(): string {
  const blocks = Object.entries(sections).map(([name, { documentation, options }]) =>
    [...comment(documentation, ''), `${name}:`, ...optionLines(options, '  ')].join('\n'),
  )
  return [agentYamlHead, optionLines(topOptions, '').join('\n'), ...blocks].join('\n\n') + '\n'
}

/** The text of docs/config.md. */
export function describeConfiguration(): string {
  const parts = Object.entries(sections).map(([name, { documentation, options }]) =>
    [`### ${name}`, documentation, bullets(options), ...(furtherTexts[name] ?? [])].join('\n\n'),
  )
  const keys = ['### Keys', 'At the top:', keyBullets(topKeys), 'Of a source:', keyBullets(sourceKeys)]
  return [
    configHead,
    '## agent.yaml',
    bullets(topOptions),
    ...parts,
    pollingHead,
    ...keys,
    pollingTail,
    ceilometerConfText,
  ]
    .join('\n\n')
    .concat('\n')
}

/** What follows a section's options on the page. */
const furtherTexts: Readonly<Record<string, readonly string[]>> = { publisher: [transportUrlText] }

const agentYamlHead = `# The options of virtpoll, each at its default: an option that is left out has the value that stands here.
# Paths start from the folder of this file. \`virtpoll check\` reads it and prints what the agent goes by.`

function optionLines(options: Options, indent: string): string[] {
  return Object.entries(options).flatMap(([key, option]) => [
    ...comment(option.documentation, indent),
    ...comment(`Value: ${option.kind.expected}.`, indent),
    `${indent}${key}: ${valueText(option)}`,
  ])
}

function valueText({ fallback }: Option): string {
  return dump(fallback, { flowLevel: 0, lineWidth: -1 }).trimEnd()
}

function comment(text: string, indent: string): string[] {
  return wrap(text, `${indent}# `)
}

function bullets(options: Options): string {
  return Object.entries(options)
    .flatMap(([key, option]) => [
      ...wrap(`\`${key}\`: ${option.kind.expected}. Default \`${valueText(option)}\`.`, '- ', '  '),
      ...wrap(option.documentation, '  '),
    ])
    .join('\n')
}

function keyBullets(keys: readonly PollingKey[]): string {
  return keys
    .flatMap(({ key, kind, documentation }) => [
      ...wrap(`\`${key}\`: ${kind}.`, '- ', '  '),
      ...wrap(documentation, '  '),
    ])
    .join('\n')
}

const lineWidth = 108

function wrap(text: string, first: string, rest = first): string[] {
  const lines: string[] = []
  let line = first
  for (const word of text.split(' ')) {
    const isBlank = line === first || line === rest
    if (!isBlank && line.length + 1 + word.length > lineWidth) {
      lines.push(line)
      line = rest + word
    } else line += isBlank ? word : ` ${word}`
  }
  return [...lines, line]
}

const configHead = `# Configuration

<!-- Written by the test of src/config/describe.ts from the schema that the files are read with: change that. -->

Two YAML files: \`agent.yaml\` says how the agent works, \`polling.yaml\` what it polls and when. The agent reads
\`/etc/virtpoll/agent.yaml\`, or the file that \`--config\` names; without either it goes by the defaults below.
\`polling.yaml\` lies beside it, unless \`polling.file\` or \`--polling\` names another.

\`virtpoll check\` reads both and prints every option with its value and where that comes from; secrets are masked.
A fault is named with file, line and column, all faults of a file at once, and the command ends with 78. \`polling.yaml\`
is read after \`agent.yaml\` and the files of \`polling.pollsters\`: its faults show when those have none.

\`\`\`
polling.yaml:3:15 sources[0].interval: expected a whole number of seconds from 1 to 31536000, got "soon"
\`\`\`

Scalars mean what they mean to ceilometer, that is, to PyYAML: \`yes\`, \`no\`, \`on\` and \`off\` are booleans, \`0777\` is
octal, \`1:30\` is ninety, \`1e3\` is text, and so are \`y\` and \`n\`. Merge keys (\`<<\`) work. A key that stands twice is an
error, and so are an unknown key and a value that cannot be meant. Files are UTF-8, of 1 MiB at most.`

const pollingHead = `## polling.yaml

Ceilometer's file, unchanged, and \`schedule\` in place of \`interval\`:

\`\`\`yaml
sources:
  - name: usage
    interval: 300
    meters:
      - cpu
      - memory.usage
      - disk.device.*
  - name: nightly
    schedule: '0 3 * * *'
    meters: ['*', '!perf.*']
\`\`\`

On SIGHUP the agent reads the file again; if it has a fault, the fault is logged and the old one stays.`

const pollingTail = `### Several sources

A meter that sources of different intervals or schedules select is polled and published by each of them; \`virtpoll check\`
notes it. Sources of the same interval or schedule share one look, and a meter that several of them select is polled
once, for the first of them in the file.

### Which meters a source selects

A pattern is matched against the whole name, as by Python's fnmatch; upper and lower case differ. The order of the
list does not matter:

1. A meter that an exclusion (\`!pattern\`) matches is not polled.
2. Otherwise a meter that another pattern matches is polled.
3. Otherwise it is polled only if the list has nothing but exclusions.

As in ceilometer, a name or a pattern that does not begin with \`*\` cannot stand beside an exclusion, nor beside \`*\`.
Computed meters (\`virtpoll meters\` marks them) are selected by their full names only, unless
\`polling.computed_meters\` is true.

A pattern that matches no meter of this agent is a warning and not an error, so the files that ceilometer ships, with
their \`hardware.*\` and \`volume.*\`, work as they are.`
