import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { Context, currentContext, runInContext } from '../../src/context'
import { Scope } from '../../src/kernel'
import { type ErrorAbout, type ErrorFacts, ErrorReports } from '../../src/telemetry'

type Line = readonly [level: string, fields: { err?: unknown }, message: string]

const scope = new Scope()

function reports() {
  const lines: Line[] = []
  const told: [unknown, ErrorFacts, ErrorAbout][] = []
  const write =
    (level: string) =>
    (fields: object, message: string): void =>
      void lines.push([level, fields, message])
  const errors = new ErrorReports(
    { error: write('error'), warn: write('warn'), info: write('info') },
    { scope },
  )
  errors.register((error, facts, about) => void told.push([error, facts, about]))
  return { lines, told, errors }
}

function inRequest<T>(requestId: string, work: () => T): T {
  return runInContext(new Context({ kind: 'request', scope, requestId, tags: ['web'] }), work)
}

describe('telemetry: an error report', () => {
  it('is logged with its facts and told to every reporter, functions and objects', () => {
    const { lines, told, errors } = reports()
    const sentry = { seen: [] as unknown[], report: (error: unknown) => void sentry.seen.push(error) }
    errors.register(sentry)
    const error = new Error('boom')

    errors.report(error, { task: 'A', context: { order: 7 } })

    assert.deepEqual(lines, [['error', { err: error, task: 'A', context: { order: 7 } }, 'boom']])
    assert.deepEqual(told[0]!.slice(0, 2), [error, { task: 'A', context: { order: 7 } }])
    assert.deepEqual(sentry.seen, [error])
  })

  it('says where it happened', () => {
    const { told, errors } = reports()

    inRequest('r1', () => errors.report(new Error('inside')))
    errors.report(new Error('outside'))

    const [inside, outside] = told.map(([, , about]) => about)
    assert.equal(inside!.requestId, 'r1')
    assert.equal(inside!.kind, 'request')
    assert.deepEqual(inside!.tags, ['web'])
    assert.match(inside!.trace!.traceId, /^[0-9a-f]{32}$/)
    assert.deepEqual([inside!.handled, inside!.severity], [false, 'error'])
    assert.deepEqual([outside!.requestId, outside!.kind, outside!.trace], [null, null, null])
  })

  it('of a severity that does not exist is logged and told as an error', () => {
    const { lines, told, errors } = reports()

    for (const severity of ['fatal', 'constructor', 7, null])
      errors.report(new Error('odd'), { severity } as never)

    assert.deepEqual(
      lines.map(([level]) => level),
      ['error', 'error', 'error', 'error'],
    )
    assert.deepEqual(
      told.map(([, , { severity }]) => severity),
      ['error', 'error', 'error', 'error'],
    )
  })

  it('that was handled is a warning', () => {
    const { lines, told, errors } = reports()

    errors.report(new Error('minor'), { handled: true })
    errors.report(new Error('note'), { handled: true, severity: 'info' })

    assert.deepEqual(
      lines.map(([level]) => level),
      ['warn', 'info'],
    )
    assert.deepEqual(
      told.map(([, , { handled, severity }]) => [handled, severity]),
      [
        [true, 'warning'],
        [true, 'info'],
      ],
    )
  })

  it('of a value that cannot be read, or a frozen one, does not throw', () => {
    const { lines, told, errors } = reports()

    errors.report(Object.create(null))
    errors.report({
      get message() {
        throw new Error('unreadable')
      },
    })
    errors.report(Object.freeze(new Error('cold')))
    errors.report(null)
    errors.report(undefined)

    assert.equal(lines.length, 5)
    assert.equal(told.length, 5)
  })

  it('does not throw when the logger does, and reporters are told', () => {
    const fails = (): never => {
      throw new Error('no disk')
    }
    const told: unknown[] = []
    const errors = new ErrorReports({ error: fails, warn: fails, info: fails })
    errors.register((error) => void told.push(error))

    errors.report('a string')

    assert.deepEqual(told, ['a string'])
  })

  it('goes to no reporter that was taken away', () => {
    const { told, errors } = reports()
    const seen: unknown[] = []
    const forget = errors.register((error) => void seen.push(error))
    forget()

    errors.report('a string')

    assert.equal(told.length, 1)
    assert.deepEqual(seen, [])
  })
})

describe('telemetry: one failure', () => {
  it('is one report, whoever reports it again in its request', () => {
    const { told, errors } = reports()
    const error = new Error('boom')

    inRequest('r1', () => {
      errors.report(error, { subscriber: 'A' })
      errors.report(error, { task: 'B' })
    })
    errors.report(error)

    assert.deepEqual(
      told.map(([, facts]) => facts),
      [{ subscriber: 'A' }],
    )
  })

  it('of another request is another one, of the same error too', () => {
    const { told, errors } = reports()
    const shared = new Error('made once')

    inRequest('r1', () => errors.report(shared))
    inRequest('r2', () => errors.report(shared))

    assert.equal(told.length, 2)
  })

  it('made outside of any unit of work stands for the first one that meets the error, not for all', () => {
    const { told, errors } = reports()
    const ofConnection = new Error('refused')
    errors.report(ofConnection)

    for (const id of ['r1', 'r1', 'r2', 'r3']) inRequest(id, () => errors.report(ofConnection))

    assert.deepEqual(
      told.map(([, , { requestId }]) => requestId),
      [null, 'r2', 'r3'],
    )
  })

  it('may be a string: once per unit of work, and each time outside of any', () => {
    const { told, errors } = reports()

    inRequest('r1', () => {
      errors.report('timeout')
      errors.report('timeout')
      errors.report('refused')
    })
    inRequest('r2', () => errors.report('timeout'))
    errors.report('timeout')
    errors.report('timeout')

    assert.deepEqual(
      told.map(([error]) => error),
      ['timeout', 'refused', 'timeout', 'timeout', 'timeout'],
    )
  })

  it('that was wrapped on its way out is the same; one that was handled before is not', () => {
    const { told, errors } = reports()
    const unhandled = new Error('first')
    const handled = new Error('second')

    inRequest('r1', () => {
      errors.report(unhandled)
      errors.report(new Error('because of the first', { cause: unhandled }))
      errors.report(handled, { handled: true })
      errors.report(new Error('because of the second', { cause: handled }))
    })

    assert.deepEqual(
      told.map(([error]) => (error as Error).message),
      ['first', 'second', 'because of the second'],
    )
  })

  it('reported as a whole covers its causes, even where these go round in a circle', () => {
    const { told, errors } = reports()
    const cause = new Error('cause')
    const error = new Error('whole', { cause })
    cause.cause = error

    inRequest('r1', () => {
      errors.report(error)
      errors.report(cause)
    })

    assert.equal(told.length, 1)
  })
})

describe('telemetry: a report made while one is made', () => {
  it('by a reporter, at once or later, is logged and told to nobody', async () => {
    const { lines, told, errors } = reports()
    errors.register(() => errors.report(new Error('at once')))
    errors.register(async () => {
      await new Promise((resolve) => setImmediate(resolve))
      errors.report(new Error('later'))
    })

    errors.report(new Error('first'))
    inRequest('r1', () => errors.report(new Error('second')))
    await new Promise((resolve) => setTimeout(resolve, 10))

    assert.deepEqual(
      told.map(([error]) => (error as Error).message),
      ['first', 'second'],
    )
    assert.deepEqual(lines.map(([, , message]) => message).sort(), [
      'at once',
      'at once',
      'first',
      'later',
      'later',
      'second',
    ])
  })

  it('by a logger, at once or later, is dropped', async () => {
    const messages: string[] = []
    const log = (_fields: object, message: string): void => {
      messages.push(message)
      errors.report(new Error('cannot log'))
      setImmediate(() => errors.report(new Error('could not log')))
    }
    const errors = new ErrorReports({ error: log, warn: log, info: log })

    inRequest('r1', () => errors.report(new Error('first')))
    await new Promise((resolve) => setTimeout(resolve, 10))

    assert.deepEqual(messages, ['first'])
  })

  it('leaves the context of the caller as it was', () => {
    const { errors } = reports()

    inRequest('r1', () => {
      const before = currentContext()
      errors.report(new Error('boom'))
      assert.equal(currentContext(), before)
    })
  })
})

describe('telemetry: errors.handle and errors.record', () => {
  it('handle reports and answers the fallback; what succeeds is handed through', async () => {
    const { told, errors } = reports()
    const fails = (): number => {
      throw new Error('boom')
    }

    assert.equal(errors.handle(fails), undefined)
    assert.equal(errors.handle(fails, { fallback: 3 }), 3)
    assert.equal(errors.handle(fails, { fallback: () => 4, context: { a: 1 } }), 4)
    assert.equal(await errors.handle(async () => fails(), { fallback: 5 }), 5)
    assert.equal(
      errors.handle(() => 6),
      6,
    )
    assert.equal(await errors.handle(async () => 7), 7)
    assert.deepEqual(
      told.map(([, facts, { handled }]) => [facts.context, handled]),
      [
        [undefined, true],
        [undefined, true],
        [{ a: 1 }, true],
        [undefined, true],
      ],
    )
  })

  it('record reports once and throws on', async () => {
    const { told, errors } = reports()
    const error = new Error('boom')

    await inRequest('r1', async () => {
      await assert.rejects(
        errors.record(() => errors.record(async () => Promise.reject(error), { step: 'inner' })),
        error,
      )
      assert.throws(
        () =>
          errors.record(() => {
            throw error
          }),
        error,
      )
    })

    assert.deepEqual(
      told.map(([, facts]) => facts),
      [{ step: 'inner' }],
    )
  })
})

describe('telemetry: error reports, called from JavaScript', () => {
  it('are made without facts, and never throw', () => {
    const { told, errors } = reports()

    errors.report(new Error('boom'), null as never)

    assert.deepEqual(
      told.map(([, facts]) => facts),
      [{}],
    )
  })

  it('refuse a reporter that cannot be called when it is registered, not at the first error', () => {
    const { errors } = reports()

    for (const odd of [null, undefined, {}, 'sentry'])
      assert.throws(() => errors.register(odd as never), /rage\.errors\.register.*a function, or an object/)
  })
})
