interface Advice {
  readonly line: RegExp
  readonly advice: string
}

/** What people write that YAML takes for something else, by the line where it stumbles. */
const advices: readonly Advice[] = [
  { line: /(?:[-:]\s+|[[,{]\s*)[*!]/, advice: 'put text that begins with * or ! in quotes' },
  { line: /(?:[-:]\s+|[[,{]\s*)[@`%]/, advice: 'put text that begins with @, ` or % in quotes' },
  { line: /^ *\t/, advice: 'indent with blanks, not with tabs' },
  { line: /:\s+[^'"#[{\s][^'"]*:\s/, advice: 'put text that has a colon and a blank in it in quotes' },
]

const iniAdvice =
  'it looks like an ini file such as ceilometer.conf; agent.yaml and polling.yaml have options of their own, see ' +
  'docs/config.md'

/** What to do about a text that is not YAML from an offset on. */
export function yamlAdvice(text: string, offset: number): string {
  if (looksLikeIni(text)) return iniAdvice
  const start = text.lastIndexOf('\n', offset - 1) + 1
  const end = text.indexOf('\n', start)
  const line = text.slice(start, end < 0 ? undefined : end)
  const found = advices.find((one) => one.line.test(line))
  return found?.advice ?? 'look here and at the line above for indentation, brackets and quotes'
}

/** Whether the first line that says something is a `[section]`. */
function looksLikeIni(text: string): boolean {
  const line = text.split(/[\r\n]+/).find((one) => /^\s*[^\s#;]/.test(one))
  return line !== undefined && /^\s*\[[\w.:-]+\]\s*(?:[#;]|$)/.test(line)
}
