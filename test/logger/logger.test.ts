import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { Context, currentContext, runInContext } from '../../src/context'
import { Scope } from '../../src/kernel'
import { createLoggers, type LoggerSettings } from '../../src/logger'

type Line = Record<string, unknown>

/** A logger, and the lines it has written. */
function loggerWith(settings: Partial<LoggerSettings> = {}) {
  const texts: string[] = []
  const { logger } = createLoggers({
    level: 'info',
    format: 'json',
    destination: { write: (line: string) => void texts.push(line) },
    ...settings,
  })
  const lines = (): Line[] =>
    texts.map((text) => {
      const { time, ...line } = JSON.parse(text)
      return line
    })
  return { logger, lines, texts }
}

function contextWith(tags: readonly string[] = []): Context {
  return new Context({ kind: 'request', scope: new Scope(), requestId: 'r1', tags })
}

describe('logger: a line', () => {
  it('written inside a unit of work carries its request id, tags and fields', () => {
    const { logger, lines, texts } = loggerWith()
    const context = contextWith(['checkout'])
    context.fields = { tenant: 'acme' }

    runInContext(context, () => logger.info({ order: 7 }, 'placed'))

    assert.deepEqual(lines(), [
      { level: 30, requestId: 'r1', tags: ['checkout'], tenant: 'acme', order: 7, msg: 'placed' },
    ])
    const { time } = JSON.parse(texts[0]!)
    assert.equal(new Date(time).toISOString(), time)
  })

  it('written outside of any carries none', () => {
    const { logger, lines } = loggerWith()

    logger.warn('alone')

    assert.deepEqual(lines(), [{ level: 40, msg: 'alone' }])
  })

  it('about a frozen error does not fail', () => {
    const { logger, lines } = loggerWith()

    logger.error({ err: Object.freeze(new Error('cold')) }, 'failed')

    assert.equal((lines()[0]!.err as { message: string }).message, 'cold')
  })

  it('below the level is not written, and the level can be changed while running', () => {
    const { logger, lines } = loggerWith()

    logger.debug('quiet')
    logger.level = 'debug'
    logger.debug('loud')

    assert.deepEqual(
      lines().map(({ msg }) => msg),
      ['loud'],
    )
    assert.equal(logger.isLevelEnabled('trace'), false)
  })

  it('with a field that cannot be read is written without it', () => {
    const { logger, lines } = loggerWith()
    const fields = {
      order: 7,
      get broken(): string {
        throw new Error('unreadable')
      },
    }

    logger.info(fields, 'placed')

    assert.deepEqual(lines(), [{ level: 30, order: 7, broken: '[Unreadable]', msg: 'placed' }])
  })

  it('about a request shows neither its headers nor its query', () => {
    const { logger, lines } = loggerWith()
    const req = {
      method: 'GET',
      url: '/orders?token=t0k',
      headers: { cookie: 'sid=1' },
      socket: {},
      id: 'r9',
    }

    logger.info({ req }, 'seen')

    assert.deepEqual(lines()[0]!.req, { id: 'r9', method: 'GET', path: '/orders' })
  })
})

describe('logger: tags and context of the options', () => {
  it('stand in every line; its own fields win', () => {
    const { logger, lines } = loggerWith({
      tags: ['api'],
      context: [{ service: 'shop', version: 3 }, () => ({ instance: 'i-1' })],
    })

    logger.info({ version: 4 }, 'up')
    runInContext(contextWith(['checkout']), () => logger.info('in a request'))

    assert.deepEqual(lines(), [
      { level: 30, service: 'shop', version: 4, instance: 'i-1', tags: ['api'], msg: 'up' },
      {
        level: 30,
        service: 'shop',
        version: 3,
        instance: 'i-1',
        requestId: 'r1',
        tags: ['api', 'checkout'],
        msg: 'in a request',
      },
    ])
  })

  it('a context function is asked for each line, with the unit of work it is in', () => {
    const asked: unknown[] = []
    const { logger, lines } = loggerWith({
      context: [
        (unit) => {
          asked.push(unit === null ? null : `${unit.kind} ${unit.requestId}`)
          return { n: asked.length }
        },
      ],
    })

    logger.info('one')
    runInContext(contextWith(), () => logger.info('two'))

    assert.deepEqual(asked, [null, 'request r1'])
    assert.deepEqual(
      lines().map(({ n }) => n),
      [1, 2],
    )
  })

  it('a context function may log, which does not ask it again', () => {
    const { logger, lines } = loggerWith({
      context: [
        () => {
          logger.info('from the function')
          return { a: 1 }
        },
      ],
    })

    logger.info('line')

    assert.deepEqual(lines(), [
      { level: 30, msg: 'from the function' },
      { level: 30, a: 1, msg: 'line' },
    ])
  })
})

describe('logger: with and tagged around work', () => {
  it('add to every line of it, nested, and nothing after it', () => {
    const { logger, lines } = loggerWith()

    runInContext(contextWith(['web']), () => {
      const answer = logger.tagged('a', 'b', () => {
        logger.info('one')
        logger.with({ order: 7 }, () => logger.tagged('c', () => logger.info('two')))
        logger.info('three')
        return 42
      })
      logger.info('four')
      assert.equal(answer, 42)
    })

    assert.deepEqual(
      lines().map(({ msg, tags, order }) => [msg, tags, order]),
      [
        ['one', ['web', 'a', 'b'], undefined],
        ['two', ['web', 'a', 'b', 'c'], 7],
        ['three', ['web', 'a', 'b'], undefined],
        ['four', ['web'], undefined],
      ],
    )
  })

  it('keep to their own branch of work that runs at the same time', async () => {
    const { logger, lines } = loggerWith()

    await runInContext(contextWith(), () =>
      Promise.all(
        ['a', 'b'].map((tag) =>
          logger.tagged(tag, async () => {
            await new Promise((resolve) => setImmediate(resolve))
            logger.info(tag)
          }),
        ),
      ),
    )

    assert.deepEqual(
      lines().map(({ msg, tags }) => [msg, tags]),
      [
        ['a', ['a']],
        ['b', ['b']],
      ],
    )
  })

  it('end when the work throws, and let the error through', () => {
    const { logger, lines } = loggerWith()

    runInContext(contextWith(), () => {
      assert.throws(
        () =>
          logger.tagged('a', () => {
            throw new TypeError('boom')
          }),
        TypeError,
      )
      logger.info('after')
    })

    assert.equal(lines()[0]!.tags, undefined)
  })

  it('open a unit of work where there is none', () => {
    const { logger, lines } = loggerWith()

    logger.with({ script: 'import' }, () => {
      logger.info('one')
      logger.info('two')
    })

    const [one, two] = lines()
    assert.match(String(one!.requestId), /^[0-9a-f-]{36}$/)
    assert.equal(one!.requestId, two!.requestId)
    assert.equal(one!.script, 'import')
    assert.equal(currentContext(), null)
  })

  it('what is set in the context inside stays set after it', () => {
    const context = contextWith()
    const { logger } = loggerWith()

    runInContext(context, () => logger.tagged('a', () => (currentContext()!.arm = 'rage')))

    assert.equal(context.arm, 'rage')
  })
})

describe('logger: with and tagged without work', () => {
  it('answer a logger that adds to each of its lines', () => {
    const { logger, lines } = loggerWith()
    const own = logger.tagged('BCX', ['Jason', null, '']).with({ shop: 1 })

    own.info('Stuff')
    own.tagged('more').info({ shop: 2 }, 'twice')
    runInContext(contextWith(['web']), () => own.child({ part: 'x' }).info('child'))
    logger.info('plain')

    assert.deepEqual(lines(), [
      { level: 30, shop: 1, tags: ['BCX', 'Jason'], msg: 'Stuff' },
      { level: 30, shop: 2, tags: ['BCX', 'Jason', 'more'], msg: 'twice' },
      {
        level: 30,
        part: 'x',
        requestId: 'r1',
        shop: 1,
        tags: ['web', 'BCX', 'Jason'],
        msg: 'child',
      },
      { level: 30, msg: 'plain' },
    ])
  })

  it('and with work, on such a logger, what it adds holds for all lines of the work', () => {
    const { logger, lines } = loggerWith()
    const own = logger.tagged('own')

    runInContext(contextWith(), () => own.tagged('inner', () => logger.info('any logger')))

    assert.deepEqual(lines()[0]!.tags, ['own', 'inner'])
  })
})
