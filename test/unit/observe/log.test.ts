import { describe, expect, it } from 'vitest'
import { ConnectionError } from '../../../src/errors.js'
import { createLogger } from '../../../src/observe/log.js'

async function logged(format: 'json' | 'text', level = 'info') {
  const lines: string[] = []
  const log = await createLogger({ level, format }, { write: (line) => lines.push(line) })
  return { log, lines }
}

describe('the log', () => {
  it('writes one JSON object a line with a level by name and a time in ISO form', async () => {
    const { log, lines } = await logged('json')
    log.info({ instances: 3 }, 'cycle')
    expect(lines).toHaveLength(1)
    expect(JSON.parse(lines[0]!)).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
      instances: 3,
      msg: 'cycle',
    })
  })

  it('writes an error with its code, details and cause', async () => {
    const { log, lines } = await logged('json')
    const cause = new Error('refused')
    log.warn(
      { err: new ConnectionError('LIBVIRT_UNREACHABLE', 'gone', { details: { uri: 'x' }, cause }) },
      'away',
    )
    expect(JSON.parse(lines[0]!)).toMatchObject({
      err: {
        type: 'ConnectionError',
        code: 'LIBVIRT_UNREACHABLE',
        details: { uri: 'x' },
        cause: { message: 'refused' },
      },
    })
  })

  it('leaves out what is below its level', async () => {
    const { log, lines } = await logged('json', 'warn')
    log.info('quiet')
    expect(lines).toEqual([])
  })

  it('writes plain text for a person when asked to', async () => {
    const { log, lines } = await logged('text')
    log.info({ instances: 3 }, 'cycle')
    expect(lines.join('')).toMatch(/^\[\d\d:\d\d:\d\d\] INFO: cycle \{"instances":3\}\n$/)
  })

  it('drops lines while 4 MiB wait for a reader, and says how many with the first that goes on', async () => {
    const lines: string[] = []
    const sink = { write: (line: string) => lines.push(line), writableLength: 0 }
    const log = await createLogger({ level: 'info', format: 'json' }, sink)
    log.info('one')
    sink.writableLength = 4 * 1024 * 1024 + 1
    for (const name of ['two', 'three', 'four']) log.info(name)
    sink.writableLength = 100
    log.info('five')
    const said = lines.map((line) => JSON.parse(line) as { msg: string; lines?: number })
    expect(said.map(({ msg }) => msg.split(':')[0])).toEqual(['one', 'log lines dropped', 'five'])
    expect(said[1]?.lines).toBe(3)
  })
})
