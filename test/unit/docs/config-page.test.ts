import { readFileSync } from 'node:fs'
import { CronTime } from 'cron'
import { describe, expect, it } from 'vitest'
import { sections, topOptions } from '../../../src/config/schema.js'
import { rabbitOptionNames, readRabbitOptions } from '../../../src/publish/rabbit-options.js'

const page = readFileSync(new URL('../../../docs/config.md', import.meta.url), 'utf8')

const section = (title: string): string => {
  const [, after] = page.split(new RegExp(`\n##+ ${title}\n`))
  if (after === undefined) throw new Error(`docs/config.md has no section ${title}`)
  return after.split(/\n##/)[0] ?? ''
}

const code = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)

describe('options of the transport URL in docs/config.md', () => {
  const text = section('Options of the transport URL')
  const rows = [...text.matchAll(/^\| (`[^|]+)\| ([^|]+?) *\|/gm)].map(([, names = '', fallback = '']) => ({
    names: code(names),
    fallback: code(fallback)[0],
  }))

  it('are those that a publisher makes use of, and no other', () => {
    expect(rows.flatMap(({ names }) => names).toSorted()).toEqual(rabbitOptionNames.used.toSorted())
  })

  it('are in the list below the table when no publisher makes use of them', () => {
    const list = /named in a warning:([^.]*)\./.exec(text)?.[1] ?? ''
    expect(code(list).toSorted()).toEqual(rabbitOptionNames.unused.toSorted())
  })

  it('have the defaults of the code', () => {
    const query = rows.flatMap(({ names, fallback }) =>
      fallback === undefined || fallback.startsWith('publisher.')
        ? []
        : names.map((name) => [name, fallback] as const),
    )
    const given = readRabbitOptions(new Map(query))
    expect(given).toEqual(readRabbitOptions(new Map()))
    const unnamed = Object.entries(given.options).filter(([, value]) => value === undefined)
    const documented = rows.flatMap(({ names, fallback }) =>
      fallback === undefined || fallback.startsWith('publisher.') ? names : [],
    )
    expect(documented.toSorted()).toEqual(unnamed.map(([name]) => name).toSorted())
  })
})

describe('the table of ceilometer.conf in docs/config.md', () => {
  const text = section('From ceilometer.conf')

  it('names options that agent.yaml has', () => {
    const known = [
      ...Object.keys(topOptions),
      ...Object.entries(sections).flatMap(([name, { options }]) =>
        Object.keys(options).map((key) => `${name}.${key}`),
      ),
    ]
    const named = [...text.matchAll(/^\| `[^|]+\| (`[^|]+?) *\|/gm)].flatMap(([, cell = '']) => code(cell))
    expect(named.length).toBeGreaterThan(15)
    expect(named.filter((name) => !known.includes(name))).toEqual([])
  })
})

describe('cron expressions in docs/config.md', () => {
  const text = /- `schedule`:([^]*?)\n- /.exec(page)?.[1] ?? ''

  it('may have the words that the page says', () => {
    const words = code(text).filter((word) => /^@\w/.test(word))
    expect(words).toContain('@daily')
    const days = ['JAN', 'SUN', 'mon-fri'].filter((name) => code(text).includes(name))
    expect(days).toHaveLength(3)
    const expressions = [...words, '0 3 1 JAN *', '0 3 * * SUN', '0 3 * * mon-fri']
    for (const expression of expressions) expect(() => new CronTime(expression), expression).not.toThrow()
  })
})
