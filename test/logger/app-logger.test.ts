import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { pino } from 'pino'
import { type Options, pinoHttp } from 'pino-http'
import supertest from 'supertest'
import { describe, it } from 'vitest'
import winston from 'winston'
import { Context } from '../../src/context'
import { Scope } from '../../src/kernel'
import { createLoggers, createRequestLog, nameAppLines } from '../../src/logger'
import { warningsDuring } from './support/warnings'

type Line = Record<string, unknown>

function appLogger(options: Options = {}) {
  const texts: string[] = []
  const logger = pino({ base: { app: 'mine' } }, { write: (text: string) => void texts.push(text) })
  return { middleware: pinoHttp({ logger, ...options }), texts }
}

async function answer(serve: (req: IncomingMessage, res: ServerResponse) => void): Promise<void> {
  const server = createServer((req, res) => {
    serve(req, res)
    res.end()
  })
  await supertest(server).get('/')
}

const nameOf = (text: string): unknown => (JSON.parse(text) as Line).requestId

describe('logger: an application whose pino-http is in front', () => {
  it('has our id in the lines of its req.log, and in its own line', async () => {
    const { middleware, texts } = appLogger()

    await answer((req, res) => {
      middleware(req, res)
      nameAppLines(req, 'r1')
      req.log.info('inside')
      req.log.child({ part: 'x' }).info('inside, of a child')
    })

    assert.deepEqual(texts.map(nameOf), ['r1', 'r1', 'r1'])
    assert.equal(texts.filter((text) => /"requestId".*"requestId"/.test(text)).length, 0)
  })

  it.each([
    ['its id is ours', { genReqId: () => 'r1' }, undefined],
    ['it has a requestId of its own', { customProps: () => ({ requestId: 'own' }) }, 'own'],
  ])('is left alone where %s', async (_name, options, expected) => {
    const { middleware, texts } = appLogger(options)

    await answer((req, res) => {
      middleware(req, res)
      nameAppLines(req, 'r1')
      req.log.info('inside')
    })

    assert.deepEqual(texts.map(nameOf), [expected, expected])
  })
})

describe('logger: a req.log that is not of pino-http', () => {
  it('is replaced by a child: the one that it was may be shared', () => {
    const seen: Line[] = []
    const log = (line: Line, next: () => void): void => {
      seen.push(line)
      next()
    }
    const shared = winston.createLogger({ transports: [new winston.transports.Console({ log })] })
    const req = { log: shared } as unknown as IncomingMessage

    nameAppLines(req, 'r1')
    req.log.info('with the id')
    shared.info('without')

    assert.deepEqual(
      seen.map(({ message, requestId }) => [message, requestId]),
      [
        ['with the id', 'r1'],
        ['without', undefined],
      ],
    )
  })

  it.each([
    ['has no child', { info: () => undefined }, []],
    ['is a function', () => undefined, []],
    ['is null', null, []],
    ['has a child that throws', { child: () => assert.fail('of a test') }, ['RAGE_W040']],
  ])('stays as it is when it %s', async (_name, log, expected) => {
    const req = { log } as unknown as IncomingMessage

    const warnings = await warningsDuring(() => nameAppLines(req, 'r1'))

    assert.equal(req.log, log)
    assert.deepEqual(warnings, expected)
  })
})

describe('logger: an application whose pino-http is behind', () => {
  it('has its own req.log, res.log and line, under our id, and there is no line of ours', async () => {
    const ours: string[] = []
    const { requestLogger } = createLoggers({
      level: 'info',
      format: 'json',
      destination: { write: (text: string) => void ours.push(text) },
    })
    const log = createRequestLog(requestLogger, () => ({ arm: 'legacy' }))
    const first = appLogger()
    const second = appLogger()

    await answer((req, res) => {
      log(req, res, new Context({ kind: 'request', scope: new Scope(), requestId: 'r1' }))
      req.log.info('before')
      first.middleware(req, res)
      second.middleware(req, res)
      req.log.info('of req')
      res.log.info('of res')
    })

    const shown = (texts: readonly string[]) =>
      texts.map((text) => {
        const { msg, requestId, req } = JSON.parse(text)
        return [msg, requestId ?? req.id]
      })
    assert.deepEqual(shown(ours), [['before', 'r1']])
    assert.deepEqual(shown(first.texts), [
      ['of req', 'r1'],
      ['of res', 'r1'],
      ['request completed', 'r1'],
    ])
    assert.deepEqual(shown(second.texts), [['request completed', 'r1']])
  })
})
