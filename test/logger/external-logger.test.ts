import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { Writable } from 'node:stream'
import { pino } from 'pino'
import supertest from 'supertest'
import { describe, it } from 'vitest'
import winston from 'winston'
import { Context, runInContext } from '../../src/context'
import { InvalidOptionError, Scope } from '../../src/kernel'
import { createLoggers, createRequestLog, type LoggerSettings } from '../../src/logger'
import { warningsDuring } from './support/warnings'

type Line = Record<string, unknown>
const context = new Context({ kind: 'request', scope: new Scope(), requestId: 'r1', tags: ['web'] })

function loggersOver(use: NonNullable<LoggerSettings['use']>, settings: Partial<LoggerSettings> = {}) {
  return createLoggers({ level: 'auto', format: 'json', destination: null, use, ...settings })
}

function pinoWith(options: object = {}) {
  const lines: Line[] = []
  const logger = pino(
    { base: null, timestamp: false, ...options },
    { write: (line: string) => void lines.push(JSON.parse(line)) },
  )
  return { logger, lines }
}

function winstonWith(options: winston.LoggerOptions = {}) {
  const lines: Line[] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)))
      done()
    },
  })
  const logger = winston.createLogger({
    format: winston.format.json(),
    transports: [new winston.transports.Stream({ stream })],
    ...options,
  })
  return { logger, lines }
}

describe('logger: a pino instance of the application', () => {
  it('is given lines with the fields of the unit of work, by its own level, serializers and bindings', () => {
    const { logger: own, lines } = pinoWith({
      level: 'debug',
      serializers: { order: (order: { id: number }) => order.id },
    })
    const { logger } = loggersOver(own.child({ service: 'shop' }))

    runInContext(context, () => {
      // As pino has it; the type of a logger promises less.
      ;(logger as unknown as pino.Logger).debug({ order: { id: 7 } }, 'placed by %s', 'Ada')
      logger.trace('too low')
      logger.tagged('a', () => logger.child({ part: 'x' }).info('child'))
    })

    assert.deepEqual(lines, [
      { level: 20, service: 'shop', requestId: 'r1', tags: ['web'], order: 7, msg: 'placed by Ada' },
      { level: 30, service: 'shop', part: 'x', requestId: 'r1', tags: ['web', 'a'], msg: 'child' },
    ])
  })

  it('is given errors as they are, and secrets taken out of fields', () => {
    const seen: unknown[] = []
    const { logger: own, lines } = pinoWith({ serializers: { err: (error: unknown) => seen.push(error) } })
    const { logger } = loggersOver(own)
    const error = new Error('boom')

    logger.error({ err: error, password: 'pw' }, 'failed')
    logger.error(error)

    assert.deepEqual(seen, [error, error])
    assert.deepEqual(
      lines.map(({ msg, password }) => [msg, password]),
      [
        ['failed', '[Redacted]'],
        ['boom', undefined],
      ],
    )
  })

  it('with custom levels is used by those it shares', () => {
    const { logger: own, lines } = pinoWith({ customLevels: { audit: 35 } })
    const { logger } = loggersOver(own as never)

    logger.warn('shared')
    ;(own as unknown as { audit(message: string): void }).audit('its own')

    assert.deepEqual(
      lines.map(({ level }) => level),
      [40, 35],
    )
  })

  it('with nothing but levels of its own is refused, naming what it lacks', () => {
    const own = pino({ customLevels: { info: 1, note: 2 }, useOnlyCustomLevels: true, level: 'note' })

    assert.throws(
      () => loggersOver(own as never),
      (error) => error instanceof InvalidOptionError && /it lacks warn, error, fatal/.test(error.message),
    )
  })

  it('obeys a level given to Rage as well', () => {
    const { logger: own, lines } = pinoWith({ level: 'trace' })
    const { logger } = loggersOver(own, { level: 'warn' })

    logger.info('quiet')
    logger.warn('loud')

    assert.equal(lines.length, 1)
  })
})

describe('logger: a winston logger of the application', () => {
  it('is given the message first, fields behind it, and levels by the names it has', () => {
    const { logger: own, lines } = winstonWith({ level: 'silly' })
    const { logger } = loggersOver(own)

    runInContext(context, () => {
      logger.info({ order: 7 }, 'placed')
      logger.info('only text')
      logger.trace('finest')
      logger.fatal('worst')
    })

    assert.deepEqual(lines, [
      { level: 'info', message: 'placed', requestId: 'r1', tags: ['web'], order: 7 },
      { level: 'info', message: 'only text', requestId: 'r1', tags: ['web'] },
      { level: 'silly', message: 'finest', requestId: 'r1', tags: ['web'] },
      { level: 'error', message: 'worst', requestId: 'r1', tags: ['web'] },
    ])
  })

  it('is given errors as fields, which its JSON shows', () => {
    const { logger: own, lines } = winstonWith()
    const { logger } = loggersOver(own.child({ service: 'shop' }))

    logger.error({ err: new TypeError('boom') }, 'failed')

    const { err, service } = lines[0] as { err: Line; service: string }
    assert.deepEqual([err.type, err.message, service], ['TypeError', 'boom', 'shop'])
  })

  it('is given the fields themselves, not what a toJSON of theirs answers', () => {
    const { logger: own, lines } = winstonWith()
    const { logger } = loggersOver(own)
    const toJSON = () => ({ password: 'pw' })

    runInContext(context, () => {
      logger.info({ order: 7, toJSON }, 'placed')
      logger.error({ err: Object.assign(new Error('boom'), { toJSON }) }, 'failed')
    })

    const [placed, failed] = lines
    assert.deepEqual(placed, { level: 'info', message: 'placed', requestId: 'r1', tags: ['web'], order: 7 })
    assert.deepEqual([(failed!.err as Line).message, JSON.stringify(failed).includes('pw')], ['boom', false])
  })

  it('with the levels of syslog works too', () => {
    const { logger: own, lines } = winstonWith({ levels: winston.config.syslog.levels, level: 'debug' })
    const { logger } = loggersOver(own)

    logger.warn('w')
    logger.fatal('f')
    logger.trace('t')

    assert.deepEqual(
      lines.map(({ level }) => level),
      ['warning', 'crit', 'debug'],
    )
  })
})

describe('logger: any logger of the application', () => {
  it('with the six methods is given fields and message', () => {
    const calls: unknown[][] = []
    const method =
      (level: string) =>
      (...args: unknown[]) =>
        void calls.push([level, ...args])
    const own = Object.fromEntries(
      ['trace', 'debug', 'info', 'warn', 'error', 'fatal'].map((level) => [level, method(level)]),
    )
    const { logger } = loggersOver(own as never)

    runInContext(context, () => {
      logger.trace({ a: 1 }, 'with fields')
      logger.fatal('text')
    })

    assert.deepEqual(calls, [
      ['trace', { requestId: 'r1', tags: ['web'], a: 1 }, 'with fields'],
      ['fatal', { requestId: 'r1', tags: ['web'] }, 'text'],
    ])
  })

  it('that throws or rejects costs one warning', async () => {
    const fails = {
      debug: () => undefined,
      info() {
        throw new Error('down')
      },
      warn: async () => Promise.reject(new Error('late')),
      error: () => undefined,
    }
    const { logger } = loggersOver(fails)

    const codes = await warningsDuring(() => {
      logger.info('one')
      logger.warn('two')
      logger.info('three')
    })

    assert.deepEqual(codes, ['RAGE_W040'])
  })

  for (const [name, make] of [
    ['pino', pinoWith],
    ['winston', winstonWith],
  ] as const) {
    it(`takes the lines of requests and of req.log: ${name}`, async () => {
      const { logger: own, lines } = make()
      const { requestLogger } = loggersOver(own)
      const log = createRequestLog(requestLogger, () => ({ arm: 'rage' }))
      const server = createServer((req, res) => {
        log(req, res, context)
        req.log.info({ order: 7, requestId: 'forged' }, 'inside')
        res.end()
      })

      await supertest(server).get('/orders')

      assert.deepEqual(
        lines.map(({ msg, message, requestId, order, path }) => [msg ?? message, requestId, order ?? path]),
        [
          ['inside', 'r1', 7],
          ['request completed', 'r1', '/orders'],
        ],
      )
    })
  }
})
