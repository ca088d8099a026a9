import { ConfigError } from '../errors.js'
import { Lines, locate, showPath } from './locate.js'
import type { Path } from './locate.js'
import type { Finding } from './options.js'
import type { YamlNode } from './yaml-node.js'

/** What is the matter at a path, and what to do. */
export interface Remark {
  readonly path: Path
  readonly text: string
  /** Where to point: the value (so by default), its key, or an offset in the text. */
  readonly at?: 'key' | 'value' | number
}

/** A configuration file cannot be used. Carries every finding, warnings included, in the order of the file. */
export class ConfigFileError extends ConfigError {
  readonly findings: readonly Finding[]

  constructor(file: string, findings: readonly Finding[]) {
    const errors = findings.filter(({ severity }) => severity === 'error')
    const head = errors.length === 1 ? '' : `${file} has ${errors.length} errors:\n`
    super('CONFIG_INVALID', head + errors.map(({ text }) => text).join('\n'), {
      details: { file, errors: errors.length },
    })
    this.findings = findings
  }
}

interface Found extends Finding {
  readonly offset: number
}

/** A file with a thousand faults has one, and nobody reads the rest. */
const mostFindings = 100

/** Collects what is wrong with one file, at its places. */
export class Faults {
  /** The file as messages show it. */
  readonly file: string
  readonly #root: YamlNode | undefined
  readonly #lines: Lines
  readonly #found: Found[] = []
  /** Where the YAML itself is at fault; what its value means is no matter there. */
  readonly #faultyText = new Set<number>()
  #left = 0

  constructor(file: string, text: string, root: YamlNode | undefined) {
    this.file = file
    this.#root = root
    this.#lines = new Lines(text)
  }

  error(remark: Remark): void {
    this.#remark('error', remark)
  }

  warning(remark: Remark): void {
    this.#remark('warning', remark)
  }

  /** A fault of the text itself, before it has paths. */
  errorAt(offset: number, text: string): void {
    const { line, column } = this.#lines.at(offset)
    this.#faultyText.add(offset)
    this.#add({ severity: 'error', offset, text: `${this.file}:${line}:${column} ${text}` })
  }

  /** `12:3`, the place of a path; undefined where the file has none. */
  placeOf(path: Path): string | undefined {
    const offset = locate(this.#root, path, 'key')
    if (offset === undefined) return undefined
    const { line, column } = this.#lines.at(offset)
    return `${line}:${column}`
  }

  get hasErrors(): boolean {
    return this.#found.some(({ severity }) => severity === 'error')
  }

  /** In the order of the file. */
  get findings(): readonly Finding[] {
    const found = this.#found
      .toSorted((a, b) => a.offset - b.offset)
      .map(({ severity, text }): Finding => ({ severity, text }))
    if (this.#left === 0) return found
    return [...found, { severity: 'warning', text: `${this.file}: and ${this.#left} more` }]
  }

  throwIfErrors(): void {
    if (this.hasErrors) throw new ConfigFileError(this.file, this.findings)
  }

  #remark(severity: Finding['severity'], { path, text, at = 'value' }: Remark): void {
    const offset = typeof at === 'number' ? at : locate(this.#root, path, at)
    if (offset !== undefined && this.#faultyText.has(offset)) return
    const place = offset === undefined ? undefined : this.#lines.at(offset)
    const where = place === undefined ? this.file : `${this.file}:${place.line}:${place.column}`
    const subject = path.length === 0 ? '' : ` ${showPath(path)}:`
    const colon = path.length === 0 && place === undefined ? ':' : ''
    this.#add({ severity, offset: offset ?? 0, text: `${where}${colon}${subject} ${text}` })
  }

  #add(found: Found): void {
    if (this.#found.length < mostFindings || (found.severity === 'error' && !this.hasErrors))
      this.#found.push(found)
    else this.#left += 1
  }
}
