import assert from 'node:assert/strict'
import { pino } from 'pino'
import { describe, it } from 'vitest'
import { Context, runInContext } from '../../src/context'
import { Scope } from '../../src/kernel'
import { createLoggers, type LoggerSettings, type ScopedLogger } from '../../src/logger'

type Made = readonly [logger: ScopedLogger, texts: string[]]

function make(settings: (write: (text: string) => void) => Partial<LoggerSettings>): Made {
  const texts: string[] = []
  const given = settings((text) => void texts.push(text))
  return [createLoggers({ level: 'info', format: 'json', destination: null, ...given }).logger, texts]
}

describe.each<[string, () => Made]>([
  ['written', () => make((write) => ({ destination: { write } }))],
  ['forwarded', () => make((write) => ({ use: pino({}, { write }) }))],
])('logger: a line %s with the field requestId, as of a body', (_name, open) => {
  const unit = new Context({ kind: 'request', scope: new Scope(), requestId: 'r1' })

  it('has the id of its unit of work, and no other', () => {
    const [logger, texts] = open()

    runInContext(unit, () => logger.info({ requestId: 'victim', order: 7 }, 'body'))

    assert.doesNotMatch(texts[0]!, /victim/)
    assert.deepEqual([JSON.parse(texts[0]!).requestId, JSON.parse(texts[0]!).order], ['r1', 7])
  })

  it('has it also where a field of the line cannot be read', () => {
    const [logger, texts] = open()
    const fields = {
      requestId: 'victim',
      get broken(): never {
        throw new Error('of a test')
      },
    }

    runInContext(unit, () => logger.info(fields, 'body'))

    assert.equal(JSON.parse(texts[0]!).requestId, 'r1')
  })

  it('keeps it outside of any unit of work', () => {
    const [logger, texts] = open()

    logger.info({ requestId: 'of another process' }, 'told')

    assert.equal(JSON.parse(texts[0]!).requestId, 'of another process')
  })
})
