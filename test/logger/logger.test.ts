import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { Context, runInContext } from '../../src/context'
import { Scope } from '../../src/kernel'
import { createLoggers } from '../../src/logger'

function logged(
  write: (logger: ReturnType<typeof createLoggers>['logger']) => void,
): Record<string, unknown>[] {
  const lines: string[] = []
  write(
    createLoggers({
      level: 'info',
      format: 'json',
      destination: { write: (line: string) => void lines.push(line) },
    }).logger,
  )
  return lines.map((line) => JSON.parse(line))
}

describe('logger: a line', () => {
  it('written inside a unit of work carries its request id, tags and fields', () => {
    const context = new Context({ kind: 'request', scope: new Scope(), requestId: 'r1', tags: ['checkout'] })
    context.fields = { tenant: 'acme' }

    const [line] = logged((logger) => runInContext(context, () => logger.info({ order: 7 }, 'placed')))

    const { time, ...rest } = line!
    assert.deepEqual(rest, {
      level: 30,
      requestId: 'r1',
      tags: ['checkout'],
      tenant: 'acme',
      order: 7,
      msg: 'placed',
    })
    assert.equal(new Date(String(time)).toISOString(), time)
  })

  it('written outside of any carries none', () => {
    const [line] = logged((logger) => logger.warn('alone'))

    assert.equal(line!.requestId, undefined)
  })

  it('about a frozen error does not fail', () => {
    const [line] = logged((logger) => logger.error({ err: Object.freeze(new Error('cold')) }, 'failed'))

    assert.equal((line!.err as { message: string }).message, 'cold')
  })

  it('below the level is not written', () => {
    assert.deepEqual(
      logged((logger) => logger.debug('quiet')),
      [],
    )
  })
})
