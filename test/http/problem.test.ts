import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { NotAcceptableError, problemDocument, problemOf, statusCode } from '../../src/http'

describe('http: problem', () => {
  it('takes its title from the status and leaves out what was not given', () => {
    assert.deepEqual(problemDocument({ status: 'not_found' }), { title: 'Not Found', status: 404 })
    assert.deepEqual(problemDocument({}), { title: 'Internal Server Error', status: 500 })
  })

  it('keeps the members of RFC 9457 and extensions', () => {
    assert.deepEqual(
      problemDocument({
        status: 409,
        type: 'https://x/sold',
        title: 'Sold',
        detail: 'd',
        instance: '/1',
        sku: 'a',
      }),
      { type: 'https://x/sold', title: 'Sold', status: 409, detail: 'd', instance: '/1', sku: 'a' },
    )
  })

  it.each([
    [
      'an error of ours',
      new NotAcceptableError({ offered: [], wanted: 'x' }),
      { status: 406, code: 'RAGE_HTTP_NOT_ACCEPTABLE' },
    ],
    [
      'one that exposes',
      Object.assign(new Error('m'), { status: 400, expose: true }),
      { status: 400, detail: 'm' },
    ],
    ['one that does not', Object.assign(new Error('m'), { status: 404, code: 'ENOENT' }), { status: 404 }],
    ['a server error', Object.assign(new Error('m'), { status: 500, expose: true }), null],
    ['no status', new Error('m'), null],
    ['a strange status', Object.assign(new Error('m'), { status: 404.5 }), null],
    ['no error', 'text', null],
    ['nothing', null, null],
  ])('describes %s', (_name, error, problem) => {
    assert.deepEqual(problemOf(error), problem)
  })

  it('refuses a status that is none', () => {
    assert.throws(() => problemDocument({ status: statusCode(999) + 1 }), {
      code: 'RAGE_HTTP_UNKNOWN_STATUS',
    })
  })
})
