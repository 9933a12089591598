import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { describe, it } from 'vitest'
import { createLoggers } from '../../src/logger'
import { LineFields, tagsFrom } from '../../src/logger/line-fields'
import { warningsDuring } from './support/warnings'

const req = { headers: { host: 'shop.example' } } as IncomingMessage

describe('logger: tags of a request', () => {
  it('are what the functions answer, without the empty ones', () => {
    const { tagsOf } = new LineFields({
      tags: ['static', ({ headers }) => headers.host!, () => ['a', 'b'], () => null],
      context: [],
      trace: null,
    })

    assert.deepEqual(tagsOf?.(req), ['shop.example', 'a', 'b'])
  })

  it('are not asked for when there are no functions', () => {
    assert.equal(new LineFields({ tags: ['static'], context: [], trace: null }).tagsOf, null)
  })

  it('are flattened as Rails does', () => {
    assert.deepEqual(tagsFrom(['a', ['b', ['', null, 3]], undefined]), ['a', 'b', '3'])
  })
})

describe('logger: a function of the options that throws', () => {
  it('costs one warning per place; the line is written, the request goes on', async () => {
    const lines: string[] = []
    const fails = (): never => {
      throw new Error('broken')
    }
    const { logger, tagsOf } = createLoggers({
      level: 'info',
      format: 'json',
      destination: { write: (line: string) => void lines.push(line) },
      tags: [fails, () => 'kept'],
      context: [fails, () => ({ kept: true })],
    })

    const codes = await warningsDuring(() => {
      assert.deepEqual(tagsOf?.(req), ['kept'])
      assert.deepEqual(tagsOf?.(req), ['kept'])
      logger.info('one')
      logger.info('two')
    })

    assert.deepEqual(codes, ['RAGE_W040', 'RAGE_W040'])
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).kept),
      [true, true],
    )
  })
  it('costs the same when it answers a promise, whatever becomes of that', async () => {
    const promises = [Promise.resolve('late'), Promise.reject(new Error('late'))]
    const { tagsOf } = new LineFields({
      tags: promises.map((late) => () => late as never),
      context: [],
      trace: null,
    })
    const fields = new LineFields({
      tags: [],
      context: promises.map((late) => () => late as never),
      trace: null,
    })

    // One that nobody hears would fail this file.
    assert.deepEqual(tagsOf?.(req), [])
    assert.deepEqual(fields.of({ tags: [], fields: null, context: null }), {})
    await new Promise((resolve) => setImmediate(resolve))
  })
})
