import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { ErrorReports } from '../../src/telemetry'

function reports() {
  const lines: [{ err?: unknown }, string][] = []
  return {
    lines,
    errors: new ErrorReports({ error: (fields, message) => void lines.push([fields, message]) }),
  }
}

describe('telemetry: an error report', () => {
  it('is logged once, whoever reports it again', () => {
    const { lines, errors } = reports()
    const error = new Error('boom')

    errors.report(error, { task: 'A' })
    errors.report(error)

    assert.deepEqual(lines, [[{ err: error, task: 'A' }, 'boom']])
  })

  it('reaches every reporter, and one that fails is logged', async () => {
    const { lines, errors } = reports()
    const seen: unknown[] = []
    errors.register(() => {
      throw new Error('reporter')
    })
    errors.register((error, facts) => void seen.push(error, facts))

    errors.report('a string', { task: 'A' })
    await new Promise((resolve) => setImmediate(resolve))

    assert.deepEqual(seen, ['a string', { task: 'A' }])
    assert.deepEqual(
      lines.map(([, message]) => message),
      ['a string', 'an error reporter failed'],
    )
  })

  it('of a value that cannot be read does not throw', () => {
    const { lines, errors } = reports()

    errors.report(Object.create(null))
    errors.report({
      get message() {
        throw new Error('unreadable')
      },
    })

    assert.equal(lines.length, 2)
  })
})
