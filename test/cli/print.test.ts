import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { listing, printable, time } from '../../src/cli/print'

describe('cli: a listing for people', () => {
  it('has objects below their names, and no heading with nothing below it', () => {
    const job = { id: 'a:1', args: {}, tags: [], runAt: null, error: { name: 'RangeError', cause: {} } }

    const lines = listing(job)

    assert.deepEqual(lines, [
      'id: a:1',
      'args: {}',
      'tags: []',
      'runAt: -',
      'error:',
      '  name: RangeError',
      '  cause: {}',
    ])
  })
})

describe('cli: what is printed for people', () => {
  it('cannot command the terminal', () => {
    assert.equal(printable('\u001b[2Jgone\u0007\u009b31m\r'), '\\x1b[2Jgone\\x07\\x9b31m\\x0d')
    assert.equal(printable('line\n\tline é 😀'), 'line\n\tline é 😀')
  })

  it('has times beyond the calendar as numbers', () => {
    assert.equal(time(0), '1970-01-01T00:00:00.000Z')
    assert.equal(time(null), '-')
    assert.equal(time(1e300), '1e+300')
  })
})
