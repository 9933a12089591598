import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { listing } from '../../src/cli/print'

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
