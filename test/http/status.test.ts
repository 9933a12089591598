import assert from 'node:assert/strict'
import { STATUS_CODES } from 'node:http'
import { describe, it } from 'vitest'
import { type Status, statusCode } from '../../src/http'

describe('http: status', () => {
  it('knows every status of Node by its name', () => {
    for (const [code, phrase] of Object.entries(STATUS_CODES)) {
      const name = phrase!.toLowerCase().replace(/[^a-z]+/g, '_')
      assert.equal(statusCode(name as Status), Number(code), name)
    }
  })

  it('knows the newer names of RFC 9110 and any number from 100 to 999', () => {
    assert.equal(statusCode('unprocessable_content'), 422)
    assert.equal(statusCode('content_too_large'), 413)
    assert.equal(statusCode(299), 299)
  })

  it.each(['not_fond', 'constructor', '__proto__', 99, 1000, 200.5, Number.NaN, null])(
    'refuses %s',
    (given) => {
      assert.throws(() => statusCode(given as Status), { code: 'RAGE_HTTP_UNKNOWN_STATUS' })
    },
  )

  it('suggests the nearest name', () => {
    assert.throws(() => statusCode('not_fond' as Status), /Did you mean "not_found"\?/)
  })
})
